//! A check on a terminal: its promises in their order as soon as each is judged, then the story of the first open one, or the
//! pass screen.
//!
//! The list comes first and the story last, so that what to do next stands where the prompt will be.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{Observer, Pass, Progress, clean, line, look::Look, place, summary};
use crate::{
    course::{Chapter, Kind},
    stack::Stack,
    verdict::{Outcome, Report, Verdict},
};

/// What is checked, and how it is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// As in [`Report::target`].
    pub target: &'a str,
    pub stack: Stack,
    pub seed: u64,
    /// Tell every open promise in full, and what the others measured.
    pub all: bool,
    pub plain: bool,
}

/// What a check's end depends on besides its report.
#[derive(Default)]
pub struct Ending<'a> {
    /// No check of this chapter failed before: red is how it starts.
    pub first_time: bool,
    /// What the pass screen shows. Without it, or where something is open, there is none, and the first open deep promise is
    /// told instead.
    pub pass: Option<Pass<'a>>,
}

/// Shows one check, from its first line to its last.
pub struct Terminal {
    chapter: Chapter,
    look: Look,
    all: bool,
    began: Instant,
    progress: Progress,
    /// Written by whichever scenario ends, so that lines come whole and in order.
    inside: Mutex<Inside>,
}

struct Inside {
    out: Box<dyn Write + Send>,
    list: List,
}

impl Terminal {
    /// Prints what is checked; `names` are the scenarios that will run.
    pub fn start(chapter: &Chapter, names: &[&str], setting: Setting) -> Terminal {
        let progress = Progress::beside_text(names.len(), setting.plain);
        Terminal::start_on(Look::of_stdout(setting.plain), Box::new(io::stdout()), progress, chapter, names, setting)
    }

    /// As [`Terminal::start`], on paper of the caller's.
    pub fn start_on(
        look: Look,
        out: Box<dyn Write + Send>,
        progress: Progress,
        chapter: &Chapter,
        names: &[&str],
        setting: Setting,
    ) -> Terminal {
        let inside = Mutex::new(Inside { out, list: List::new(chapter, names) });
        let all = setting.all;
        let terminal = Terminal { chapter: chapter.clone(), look, all, began: Instant::now(), progress, inside };
        terminal.print(&mut terminal.inside(), &heading(look, chapter, setting.target, setting.stack, setting.seed));
        terminal
    }

    /// Prints what is still to be told: stories, what could not be judged, the sum, and the pass screen.
    pub fn close(&self, report: &Report, ending: &Ending) {
        self.progress.close();
        let mut inside = self.inside();
        let mut text: String = report
            .scenarios
            .iter()
            .map(|outcome| inside.list.judged(self.look, &self.chapter, self.all, outcome))
            .collect();
        text.push_str(&inside.list.rest(self.look, &self.chapter, self.all));
        let seconds = self.began.elapsed().as_secs_f64();
        text.push_str(&summary::closing(self.look, &self.chapter, report, self.all, seconds, ending));
        self.print(&mut inside, &text);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // A scenario that panicked while it was being listed is no reason to say nothing of the others.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, inside: &mut Inside, text: &str) {
        if text.is_empty() {
            return;
        }
        self.progress.aside(|| {
            // Nobody may be reading any more (`check 01 | head`), and the verdict stands in the exit code as well.
            let _ = inside.out.write_all(text.as_bytes()).and_then(|()| inside.out.flush());
        });
    }
}

impl Observer for Terminal {
    fn started(&self, name: &str) {
        self.progress.started(name);
    }

    fn finished(&self, outcome: &Outcome) {
        self.progress.finished(outcome);
        let mut inside = self.inside();
        let text = inside.list.judged(self.look, &self.chapter, self.all, outcome);
        self.print(&mut inside, &text);
    }

    fn waiting(&self, reason: &str) {
        self.progress.waiting(reason);
    }
}

/// A whole check as text, as it stands on a terminal when all is done.
pub fn check(look: Look, chapter: &Chapter, report: &Report, all: bool, seconds: f64, ending: &Ending) -> String {
    let names: Vec<&str> = report.scenarios.iter().map(|outcome| outcome.name.as_str()).collect();
    let mut list = List::new(chapter, &names);
    let mut text = heading(look, chapter, &report.target, report.stack, report.seed);
    text.extend(report.scenarios.iter().map(|outcome| list.judged(look, chapter, all, outcome)));
    text.push_str(&summary::closing(look, chapter, report, all, seconds, ending));
    text
}

/// `04 stateless · chapters/04-stateless · embedded · seed 1234`
pub(super) fn heading(look: Look, chapter: &Chapter, target: &str, stack: Stack, seed: u64) -> String {
    let target = match target {
        "chapter" => format!("chapters/{}", chapter.folder_name()),
        "solution" => format!("solutions/{}", chapter.folder_name()),
        other => clean::text(other).replace('\n', " "),
    };
    if look.plain {
        return format!("checking {}: {target}, stack {stack}, seed {seed}\n\n", chapter.folder_name());
    }
    let name = look.strong(&format!("{:02} {}", chapter.number, chapter.slug));
    let rest = look.quiet(&format!(" · {target} · {stack} · seed {seed}"));
    format!("{name}{rest}\n\n")
}

/// The promises of one check in the chapter's order, whatever order they are judged in.
struct List {
    order: Vec<String>,
    judged: HashMap<String, Outcome>,
    /// How many of `order` are told.
    told: usize,
    /// A story will be told, so a guard that breaks after it is explained here.
    story_ahead: bool,
    /// What was said about guards: when nothing works at all, each of them would say the same.
    said: Vec<String>,
}

impl List {
    fn new(chapter: &Chapter, names: &[&str]) -> List {
        let mut order: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        order.sort_by_key(|name| place(chapter, name));
        List { order, judged: HashMap::new(), told: 0, story_ahead: false, said: Vec::new() }
    }

    /// The lines that can be told now that this one is known.
    fn judged(&mut self, look: Look, chapter: &Chapter, all: bool, outcome: &Outcome) -> String {
        self.judged.insert(outcome.name.clone(), clean::outcome(outcome));
        let mut text = String::new();
        while let Some(next) = self.order.get(self.told).and_then(|name| self.judged.get(name)).cloned() {
            text.push_str(&self.lines(look, chapter, all, &next));
            self.told += 1;
        }
        text
    }

    /// What is left when a check ended early: some in between were never judged.
    fn rest(&mut self, look: Look, chapter: &Chapter, all: bool) -> String {
        let left: Vec<Outcome> =
            self.order[self.told..].iter().filter_map(|name| self.judged.get(name)).cloned().collect();
        self.told = self.order.len();
        left.iter().map(|outcome| self.lines(look, chapter, all, outcome)).collect()
    }

    fn lines(&mut self, look: Look, chapter: &Chapter, all: bool, outcome: &Outcome) -> String {
        let mut text = line::in_list(look, chapter, outcome);
        if all {
            text.extend(line::measured(look, outcome));
            return text;
        }
        let why = outcome.story.as_ref().map(|story| story.why.clone()).unwrap_or_default();
        if self.story_ahead && !self.said.contains(&why) {
            text.extend(line::why_a_guard_broke(look, outcome));
        }
        if outcome.verdict == Verdict::Failed && (outcome.kind == Kind::Baseline || !self.story_ahead) {
            self.said.push(why);
        }
        self.story_ahead |= outcome.verdict == Verdict::Failed;
        text
    }
}
