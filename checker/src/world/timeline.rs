//! What was done in a scenario and what came of it, as it happened; and every request, to be pasted into a shell.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::story::Moment;

/// Beyond this a story helps nobody; crowds are one moment.
const MOMENTS: usize = 400;
const REQUESTS: usize = 2000;

#[derive(Clone)]
pub struct Timeline {
    began: Instant,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    moments: Vec<Moment>,
    requests: Vec<String>,
}

/// A moment whose outcome is not known yet.
pub struct Open {
    timeline: Timeline,
    index: Option<usize>,
}

impl Timeline {
    pub fn start() -> Timeline {
        Timeline { began: Instant::now(), kept: Arc::default() }
    }

    /// Something happened of which nobody saw anything.
    pub fn note(&self, act: impl Into<String>) {
        self.begin(act);
    }

    /// Something happened, and this was seen of it.
    pub fn saw(&self, act: impl Into<String>, saw: impl Into<String>) {
        self.begin(act).end(saw);
    }

    /// Something begins; until its end is told, the timeline shows that it had none.
    pub fn begin(&self, act: impl Into<String>) -> Open {
        let at = self.began.elapsed().as_secs_f64();
        let mut kept = self.lock();
        let room = kept.moments.len() < MOMENTS;
        if room {
            kept.moments.push(Moment { at, act: act.into(), saw: String::new() });
        }
        let index = room.then(|| kept.moments.len() - 1);
        drop(kept);
        Open { timeline: self.clone(), index }
    }

    /// Keeps a request as a command for a shell.
    pub fn request(&self, command: String) {
        let mut kept = self.lock();
        if kept.requests.len() < REQUESTS {
            kept.requests.push(command);
        }
    }

    pub fn moments(&self) -> Vec<Moment> {
        self.lock().moments.clone()
    }

    /// As text, a line a moment.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Moment { at, act, saw } in &self.lock().moments {
            let gap = if saw.is_empty() { "" } else { "  →  " };
            // Writing to a string cannot fail.
            _ = writeln!(text, "{at:07.3}  {act}{gap}{saw}");
        }
        text
    }

    /// The requests, as a shell's script.
    pub fn script(&self) -> String {
        let requests = self.lock().requests.join("\n");
        format!("#!/bin/sh\n# The addresses live while the scenario does: run it with --hold.\n{requests}\n")
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    pub fn end(self, saw: impl Into<String>) {
        if let Some(index) = self.index {
            self.timeline.lock().moments[index].saw = saw.into();
        }
    }
}
