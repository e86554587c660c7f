//! Shows what a check found: on a terminal, as JSON, as JUnit XML; and the tables of `grade` and `headline`.
//!
//! Everything here turns data into text, and decides nothing: verdicts are made in [`crate::run`], stories in the scenarios.
//! What a learner's program wrote reaches a reader only through [`clean`].

pub mod clean;
mod diagram;
pub mod failure;
mod figures;
pub mod grade;
pub mod headline;
pub mod json;
pub mod junit;
mod line;
pub mod look;
pub mod pass;
mod progress;
mod summary;
pub mod terminal;
pub mod times;

use std::path::Path;

use crate::{
    course::{Chapter, Kind},
    verdict::{Outcome, Verdict},
};

pub use self::{
    look::Look,
    pass::Pass,
    progress::Progress,
    terminal::{Ending, Setting, Terminal},
    times::Times,
};

/// Told of a check while it runs, from whichever thread a scenario is on.
pub trait Observer: Send + Sync {
    fn started(&self, _name: &str) {}

    fn finished(&self, _outcome: &Outcome) {}

    /// It failed, and everything of its world is kept alive until Ctrl-C: these processes, and this folder.
    fn held(&self, _outcome: &Outcome, _alive: &[(String, i32)], _folder: &Path) {}

    /// Nothing happens, and why: `another check of this clone is running`.
    fn waiting(&self, _reason: &str) {}
}

/// Watches and says nothing.
pub struct Silent;

impl Observer for Silent {}

/// A promise's number in the brief. What worked from the start has none there.
pub(crate) fn number(chapter: &Chapter, name: &str) -> Option<usize> {
    let mut numbered = chapter.promises.iter().filter(|promise| promise.kind != Kind::Baseline);
    numbered.position(|promise| promise.name == name).map(|before| before + 1)
}

/// Where a promise stands among its chapter's; what the chapter does not know comes last.
pub(crate) fn place(chapter: &Chapter, name: &str) -> usize {
    chapter.promises.iter().position(|promise| promise.name == name).unwrap_or(usize::MAX)
}

/// `gap · 2 points`, or `baseline`: what it is, and what there is to earn.
pub(crate) fn kind_and_points(chapter: &Chapter, outcome: &Outcome, between: &str) -> String {
    match chapter.promise(&outcome.name).map_or(outcome.points, |promise| promise.points) {
        0 => outcome.kind.to_string(),
        points => format!("{}{between}{}", outcome.kind, counted(points, "point")),
    }
}

pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Broken => "broken",
    }
}

/// `1 point`, `3 points`
pub(crate) fn counted(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
