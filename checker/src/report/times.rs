//! Many runs of one check: a line for each, then how often each promise was judged how. What differs from run to run shows here.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{Observer, Progress, Setting, clean, counted, line, look, look::Look, number, place, terminal, word};
use crate::{
    course::Chapter,
    verdict::{Outcome, Report, Verdict},
};

/// Shows the runs of `check --times`.
pub struct Times {
    chapter: Chapter,
    look: Look,
    runs: usize,
    progress: Progress,
    /// Written between runs only.
    inside: Mutex<Inside>,
}

struct Inside {
    out: Box<dyn Write + Send>,
    began: Instant,
    tally: Tally,
}

impl Times {
    /// Prints what will be checked so many times.
    pub fn start(chapter: &Chapter, names: &[&str], setting: Setting, runs: usize) -> Times {
        let progress = Progress::beside_text(names.len(), setting.plain);
        Times::start_on(Look::of_stdout(setting.plain), Box::new(io::stdout()), progress, chapter, setting, runs)
    }

    /// As [`Times::start`], on paper of the caller's.
    pub fn start_on(
        look: Look,
        out: Box<dyn Write + Send>,
        progress: Progress,
        chapter: &Chapter,
        setting: Setting,
        runs: usize,
    ) -> Times {
        let inside = Inside { out, began: Instant::now(), tally: Tally::default() };
        let times = Times { chapter: chapter.clone(), look, runs, progress, inside: Mutex::new(inside) };
        let heading = terminal::heading(look, chapter, setting.target, setting.stack, setting.seed);
        times.print(&mut times.inside(), &heading);
        times.progress.again(&format!("run 1 of {runs}"));
        times
    }

    /// One run is over.
    pub fn ran(&self, report: &Report, seconds: f64) {
        let mut inside = self.inside();
        inside.tally.add(report);
        let run = inside.tally.runs;
        let text = one_run(self.look, &self.chapter, report, run, self.runs, seconds);
        self.print(&mut inside, &text);
        self.progress.again(&format!("run {} of {}", (run + 1).min(self.runs), self.runs));
    }

    /// Prints the table of verdicts.
    pub fn close(&self) {
        self.progress.close();
        let mut inside = self.inside();
        let text = inside.tally.table(self.look, &self.chapter, inside.began.elapsed().as_secs_f64());
        self.print(&mut inside, &text);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, inside: &mut Inside, text: &str) {
        self.progress.aside(|| {
            // Nobody may be reading any more, and the verdict stands in the exit code as well.
            let _ = inside.out.write_all(text.as_bytes()).and_then(|()| inside.out.flush());
        });
    }
}

impl Observer for Times {
    fn started(&self, name: &str) {
        self.progress.started(name);
    }

    fn finished(&self, outcome: &Outcome) {
        self.progress.finished(outcome);
    }

    fn waiting(&self, reason: &str) {
        self.progress.waiting(reason);
    }
}

/// `✗   7 of 100   2.9 s   seed 1241   failed: 2, needs_login`
pub fn one_run(look: Look, chapter: &Chapter, report: &Report, run: usize, runs: usize, seconds: f64) -> String {
    let verdict = report.verdict();
    let with = |wanted: Verdict| {
        let mut open: Vec<&Outcome> = report.scenarios.iter().filter(|outcome| outcome.verdict == wanted).collect();
        open.sort_by_key(|outcome| place(chapter, &outcome.name));
        let names: Vec<String> = open.iter().map(|outcome| brief_name(chapter, &outcome.name)).collect();
        if names.is_empty() { String::new() } else { format!("   {}: {}", word(wanted), names.join(", ")) }
    };
    let (failed, broken) = (with(Verdict::Failed), with(Verdict::Broken));
    let of = runs.to_string().len();
    let mark = line::mark(look, verdict);
    format!(
        "{mark}  {run:>of$} of {runs}   {seconds:>5.1} s   seed {}{}{}\n",
        report.seed,
        look.bad(&failed),
        look.odd(&broken)
    )
}

/// Its number in the brief, or the scenario's name.
fn brief_name(chapter: &Chapter, name: &str) -> String {
    number(chapter, name).map_or_else(|| name.to_owned(), |number| number.to_string())
}

/// How often each promise was judged how.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    runs: usize,
    promises: Vec<Counted>,
    /// Verdicts of whole runs.
    whole: [usize; 3],
}

#[derive(Clone, Debug)]
struct Counted {
    name: String,
    promise: String,
    /// Passed, failed, broken.
    verdicts: [usize; 3],
}

impl Tally {
    pub fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.whole[place_of(report.verdict())] += 1;
        for outcome in &report.scenarios {
            let known = self.promises.iter().position(|counted| counted.name == outcome.name);
            let at = known.unwrap_or_else(|| {
                let (name, promise) = (outcome.name.clone(), clean::text(&outcome.promise));
                self.promises.push(Counted { name, promise, verdicts: [0; 3] });
                self.promises.len() - 1
            });
            self.promises[at].verdicts[place_of(outcome.verdict)] += 1;
        }
    }

    pub fn table(&self, look: Look, chapter: &Chapter, seconds: f64) -> String {
        const FIGURES: usize = 27;
        let mut promises = self.promises.clone();
        promises.sort_by_key(|counted| place(chapter, &counted.name));
        let longest = promises.iter().map(|counted| look::width(&counted.promise)).max().unwrap_or(0);
        let room = look.width.saturating_sub(5 + FIGURES).min(longest).max(20);

        let mut text = String::from("\n");
        let heading = format!("     {}{:>9}{:>9}{:>9}", look::left("", room), "passed", "failed", "broken");
        text.push_str(&format!("{}\n", look.quiet(&heading)));
        for counted in &promises {
            let number = number(chapter, &counted.name).map_or("·".to_owned(), |number| number.to_string());
            let promise = look::left(&look::cut(&counted.promise, room), room);
            text.push_str(&format!("{}  {promise}{}\n", look::right(&number, 3), figures(look, counted.verdicts)));
        }
        let runs = look::left(&counted(self.runs as u64, "run"), room + 5);
        text.push_str(&format!("{}{}\n\n", look.strong(&runs), figures(look, self.whole)));
        let [passed, failed, broken] = self.whole;
        let all = format!("{}: {passed} passed, {failed} failed, {broken} broken", counted(self.runs as u64, "run"));
        text.push_str(&format!("{all}{}{seconds:.1} s\n", if look.plain { ", " } else { " · " }));
        text
    }
}

fn place_of(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Passed => 0,
        Verdict::Failed => 1,
        Verdict::Broken => 2,
    }
}

fn figures(look: Look, [passed, failed, broken]: [usize; 3]) -> String {
    let paint = |count: usize, paint: &dyn Fn(&str) -> String| {
        let figure = format!("{count:>9}");
        if count == 0 { look.quiet(&figure) } else { paint(&figure) }
    };
    [
        paint(passed, &|figure| look.good(figure)),
        paint(failed, &|figure| look.bad(figure)),
        paint(broken, &|figure| look.odd(figure)),
    ]
    .concat()
}
