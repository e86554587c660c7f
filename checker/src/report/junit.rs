//! A check as JUnit XML, for whatever shows test results: a suite for a chapter, a case for a promise.
//!
//! Written by hand: the format is four elements, and all there is to get wrong is what XML cannot hold, which [`clean`] has taken out.
//! An open deep promise is `skipped`, since it does not keep a chapter from passing.

use std::fmt::Write;

use super::clean;
use crate::{
    course::Kind,
    story::Story,
    verdict::{Outcome, Report, Verdict},
};

/// One chapter's check.
pub fn document(report: &Report) -> String {
    let report = clean::report(report);
    let properties =
        [("target", report.target.clone()), ("stack", report.stack.to_string()), ("seed", report.seed.to_string())];
    let points = (report.points.earned, report.points.possible);
    suites(&[Suite {
        name: &report.chapter,
        points,
        properties: &properties,
        cases: &report.scenarios,
        unbuilt: false,
    }])
}

/// What becomes a `testsuite`.
pub(super) struct Suite<'a> {
    pub name: &'a str,
    /// Earned, possible.
    pub points: (u32, u32),
    pub properties: &'a [(&'a str, String)],
    pub cases: &'a [Outcome],
    /// There was no program to check.
    pub unbuilt: bool,
}

/// A document of several; their texts are clean already.
pub(super) fn suites(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let sum = suites.iter().map(Counts::of).fold(Counts::default(), Counts::plus);
    line(&mut xml, 0, &format!("<testsuites name=\"Every Line Earned\"{}>", sum.attributes()));
    for suite in suites {
        let name = escaped(suite.name);
        line(&mut xml, 1, &format!("<testsuite name=\"{name}\"{}>", Counts::of(suite).attributes()));
        line(&mut xml, 2, "<properties>");
        let (earned, possible) = suite.points;
        let points = [("points.earned", earned.to_string()), ("points.possible", possible.to_string())];
        for (name, value) in points.iter().chain(suite.properties) {
            line(&mut xml, 3, &format!("<property name=\"{}\" value=\"{}\"/>", escaped(name), escaped(value)));
        }
        line(&mut xml, 2, "</properties>");
        if suite.unbuilt {
            line(&mut xml, 2, &format!("<testcase classname=\"{name}\" name=\"compiles\" time=\"0.000\">"));
            line(&mut xml, 3, "<failure type=\"failed\" message=\"it does not compile\"/>");
            line(&mut xml, 2, "</testcase>");
        }
        for outcome in suite.cases {
            case(&mut xml, suite.name, outcome);
        }
        line(&mut xml, 1, "</testsuite>");
    }
    line(&mut xml, 0, "</testsuites>");
    xml
}

fn case(xml: &mut String, suite: &str, outcome: &Outcome) {
    let start = format!(
        "<testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(suite),
        outcome.kind,
        escaped(&outcome.name),
        outcome.seconds
    );
    let message = match (&outcome.story, &outcome.broken) {
        (_, Some(reason)) => reason.clone(),
        (Some(story), None) if story.why.is_empty() => format!("{} (saw: {})", outcome.promise, story.saw),
        (Some(story), None) => story.why.clone(),
        (None, None) => outcome.promise.clone(),
    };
    let message = escaped(&message);
    let story = escaped(&story(outcome));
    match outcome.verdict {
        Verdict::Passed => return line(xml, 2, &format!("{start}/>")),
        Verdict::Failed if outcome.kind == Kind::Deep => {
            line(xml, 2, &format!("{start}>"));
            line(xml, 3, &format!("<skipped message=\"open: {message}\"/>"));
            line(xml, 3, &format!("<system-out>{story}</system-out>"));
        }
        Verdict::Failed => {
            line(xml, 2, &format!("{start}>"));
            line(xml, 3, &format!("<failure type=\"failed\" message=\"{message}\">{story}</failure>"));
        }
        Verdict::Broken => {
            line(xml, 2, &format!("{start}>"));
            line(xml, 3, &format!("<error type=\"broken\" message=\"{message}\">{story}</error>"));
        }
    }
    line(xml, 2, "</testcase>");
}

/// The story as plain text; whole lines, since what shows this can scroll.
fn story(outcome: &Outcome) -> String {
    let mut text = format!("{}\n", outcome.promise);
    if let Some(story) = &outcome.story {
        text.push_str(&told(story));
    }
    if let Some(reason) = &outcome.broken {
        text.push_str(&format!("\nCould not be judged: {reason}\n"));
    }
    text
}

fn told(story: &Story) -> String {
    let mut text = String::from("\n");
    for moment in &story.timeline {
        let saw = if moment.saw.is_empty() { String::new() } else { format!("; saw {}", moment.saw) };
        text.push_str(&format!("{:06.3}  {}{saw}\n", moment.at, moment.act));
    }
    text.push_str(&format!("\nexpected: {}\nsaw: {}\n", story.expected, story.saw));
    if !story.why.is_empty() {
        text.push_str(&format!("\n{}\n", story.why));
    }
    for words in &story.last_words {
        text.push_str(&format!("\n{}, from its log:\n", words.process));
        text.extend(words.panic.iter().map(|panic| format!("panicked: {panic}\n")));
        text.extend(words.lines.iter().map(|line| format!("| {line}\n")));
    }
    text
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    seconds: f64,
}

impl Counts {
    fn of(suite: &Suite) -> Counts {
        let of = |wanted: fn(&Outcome) -> bool| suite.cases.iter().filter(|outcome| wanted(outcome)).count();
        let unbuilt = usize::from(suite.unbuilt);
        Counts {
            tests: suite.cases.len() + unbuilt,
            failures: of(|outcome| outcome.verdict == Verdict::Failed && outcome.kind != Kind::Deep) + unbuilt,
            errors: of(|outcome| outcome.verdict == Verdict::Broken),
            skipped: of(|outcome| outcome.verdict == Verdict::Failed && outcome.kind == Kind::Deep),
            seconds: suite.cases.iter().map(|outcome| outcome.seconds).sum(),
        }
    }

    fn plus(self, other: Counts) -> Counts {
        Counts {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
            seconds: self.seconds + other.seconds,
        }
    }

    fn attributes(self) -> String {
        let Counts { tests, failures, errors, skipped, seconds } = self;
        format!(
            " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.3}\""
        )
    }
}

fn line(xml: &mut String, depth: usize, text: &str) {
    writeln!(xml, "{}{text}", "  ".repeat(depth)).expect("a String takes whatever is written to it");
}

/// The five characters that mean something, and line ends, which an attribute would turn into spaces. In text both forms are the same.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            other => safe.push(other),
        }
    }
    safe
}
