//! How far a build is: one line that redraws itself on a terminal, a plain line now and then elsewhere.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use console::{Term, style, truncate_str};

use crate::screen;

/// A build that is over by then had nothing to do: it shows nothing.
const QUIET: Duration = Duration::from_secs(1);
const PLAIN_EVERY: Duration = Duration::from_secs(10);
const BAR: usize = 24;

pub struct Progress {
    pub total: Option<usize>,
    what: String,
    started: Instant,
    finished: HashSet<String>,
    last: String,
    terminal: Term,
    next_plain: Duration,
    drawn: bool,
}

impl Progress {
    pub fn new(what: &[String]) -> Self {
        Self {
            total: None,
            what: what.join(", "),
            started: Instant::now(),
            finished: HashSet::new(),
            last: String::new(),
            terminal: Term::stderr(),
            next_plain: QUIET,
            drawn: false,
        }
    }

    pub fn finished(&mut self, package_id: String, name: &str) {
        self.finished.insert(package_id);
        self.last = name.to_owned();
    }

    pub fn is_worth_showing(&self) -> bool {
        self.started.elapsed() >= QUIET
    }

    pub fn show(&mut self) {
        if !self.is_worth_showing() {
            return;
        }
        if screen::redraws() {
            let line = truncate_str(&self.line(), screen::width() - 1, "…").into_owned();
            // A terminal that went away is no reason to stop a build.
            let _ = self.terminal.clear_line().and_then(|()| self.terminal.write_str(&line));
            self.drawn = true;
        } else if self.started.elapsed() >= self.next_plain {
            self.next_plain = self.started.elapsed() + PLAIN_EVERY;
            eprintln!("building {}: {}", self.what, self.count());
        }
    }

    pub fn clear(&mut self) {
        if self.drawn {
            let _ = self.terminal.clear_line();
        }
    }

    fn line(&self) -> String {
        let share = self.total.map_or(0.0, |total| self.finished.len() as f64 / total.max(1) as f64);
        let filled = ((share * BAR as f64) as usize).min(BAR);
        let bar = format!(
            "{}{}",
            style("━".repeat(filled)).for_stderr().cyan(),
            style("─".repeat(BAR - filled)).for_stderr().dim()
        );
        format!("  building {bar} {}  {}", self.count(), style(&self.last).for_stderr().dim())
    }

    fn count(&self) -> String {
        let seconds = self.started.elapsed().as_secs();
        match (self.finished.len(), self.total) {
            (0, None) => format!("fetching crates, {seconds} s"),
            (1, None) => format!("1 crate, {seconds} s"),
            (done, None) => format!("{done} crates, {seconds} s"),
            (done, Some(total)) => format!("{done} of {} crates, {seconds} s", total.max(done)),
        }
    }
}
