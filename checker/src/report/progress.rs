//! What is under way, on stderr: one line that moves when a person is looking, and plain lines where they are all there is.

use std::{
    io::Write,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::{Observer, clean, look, word};
use crate::verdict::Outcome;

/// Slow enough for a slow link, quick enough to show that something lives.
const TICK: Duration = Duration::from_millis(120);

/// The scenarios that run now, and how many are done.
pub struct Progress {
    /// Hidden where stderr is no terminal. Removes itself when it goes, also in a panic.
    bar: ProgressBar,
    /// Say each verdict in a line: nothing else does.
    says_verdicts: bool,
    /// Written as scenarios start and end.
    running: Mutex<Vec<String>>,
}

impl Progress {
    /// For a report that comes in one piece at the end, as JSON: on stderr, in lines if nobody is looking.
    pub fn alone(total: usize, plain: bool) -> Progress {
        let mut progress = Progress::beside_text(total, plain);
        progress.says_verdicts = progress.bar.is_hidden();
        progress
    }

    /// For a report that tells each promise itself.
    pub fn beside_text(total: usize, plain: bool) -> Progress {
        let quiet = plain || look::plain_by_environment();
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_finish(ProgressFinish::AndClear);
        let style =
            ProgressStyle::with_template("{spinner:.cyan} {prefix}{pos} of {len}  {wide_msg:.dim} {elapsed:.dim}")
                .expect("the template is a constant that parses")
                .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
        bar.set_style(style);
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Progress { bar, says_verdicts: false, running: Mutex::default() }
    }

    /// Shows nothing.
    pub fn hidden() -> Progress {
        Progress { bar: ProgressBar::hidden(), says_verdicts: false, running: Mutex::default() }
    }

    /// Begins again for another run of the same check: `run 7 of 100`.
    pub fn again(&self, prefix: &str) {
        self.bar.set_prefix(format!("{prefix}  "));
        self.bar.set_position(0);
    }

    /// Writes to stdout while the moving line is out of the way.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Removes the line. Safe to call from a signal's handler thread, and more than once.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }

    fn running(&self) -> MutexGuard<'_, Vec<String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, running: &[String]) {
        let names: Vec<String> = running.iter().map(|name| name.replace('_', " ")).collect();
        self.bar.set_message(names.join(", "));
    }
}

impl Observer for Progress {
    fn started(&self, name: &str) {
        let mut running = self.running();
        running.push(name.to_owned());
        self.show(&running);
    }

    fn finished(&self, outcome: &Outcome) {
        let mut running = self.running();
        running.retain(|name| *name != outcome.name);
        self.bar.inc(1);
        self.show(&running);
        if self.says_verdicts {
            let promise = clean::text(&outcome.promise);
            // As for the report itself, nobody need be reading.
            let _ = writeln!(std::io::stderr(), "{}  {promise} ({:.2} s)", word(outcome.verdict), outcome.seconds);
        }
    }

    fn waiting(&self, reason: &str) {
        let reason = clean::text(reason).replace('\n', " ");
        if self.bar.is_hidden() {
            let _ = writeln!(std::io::stderr(), "waiting: {reason}");
        } else {
            self.bar.set_message(format!("waiting: {reason}"));
        }
    }
}
