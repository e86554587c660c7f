//! A chapter, and checks of it that failed, passed, and could not be judged: what reports are made of.

use std::collections::BTreeMap;

use checker::{
    course::Chapter,
    stack::Stack,
    story::{LastWords, Moment, Story},
    verdict::{Outcome, Points, Report, Verdict},
};
use serde_json::json;

/// A chapter that is like none: what changes in a real one changes nothing here.
const CHAPTER: &str = r#"
number = 4
slug = "stateless"
title = "Tuesday, 14:02: everyone is a stranger."
era = "2007"
minutes = 60
incident = "A server died, and its sessions with it."
question = "Where is a session while nobody is looking?"
figure = "3 servers, 3,100 people logged out at once"
gap = ["src/session.rs"]
changed = []
[[promise]]
name = "login_survives"
kind = "gap"
points = 3
text = "A login survives the death of the server that took it."
hints = ["a nudge", "the idea", "the shape"]
[[promise]]
name = "logout_is_everywhere"
kind = "gap"
points = 2
text = "Who logs out is logged out on every server, at once and for good, whichever of them is asked."
hints = ["a nudge", "the idea", "the shape"]
[[promise]]
name = "needs_login"
kind = "baseline"
points = 0
text = "Only people who are logged in can publish."
hints = ["a nudge", "the idea", "the shape"]
[[promise]]
name = "spread_evenly"
kind = "deep"
points = 2
text = "No server does the work of two."
hints = ["a nudge", "the idea", "the shape"]
"#;

pub fn chapter() -> Chapter {
    toml::from_str(CHAPTER).expect("it says what a chapter must")
}

/// A promise of [`chapter`], judged so.
pub fn outcome(name: &str, verdict: Verdict) -> Outcome {
    let chapter = chapter();
    let promise = chapter.promise(name).expect("the chapter makes it");
    Outcome {
        name: name.to_owned(),
        promise: promise.text.clone(),
        kind: promise.kind,
        verdict,
        points: if verdict == Verdict::Passed { promise.points } else { 0 },
        seconds: 1.23456,
        measured: BTreeMap::new(),
        story: None,
        broken: None,
        evidence: Some("target/last-check/04".into()),
    }
}

pub fn report(scenarios: Vec<Outcome>) -> Report {
    let chapter = chapter();
    let possible = scenarios.iter().filter_map(|outcome| chapter.promise(&outcome.name)).map(|promise| promise.points);
    Report {
        chapter: chapter.folder_name(),
        target: "chapter".to_owned(),
        stack: Stack::Embedded,
        servers: Vec::new(),
        seed: 1234,
        passed: Report::done(&scenarios),
        points: Points { earned: scenarios.iter().map(|outcome| outcome.points).sum(), possible: possible.sum() },
        scenarios,
    }
}

fn moment(at: f64, act: &str, saw: &str) -> Moment {
    Moment { at, act: act.to_owned(), saw: saw.to_owned() }
}

fn story(expected: &str, saw: &str, why: &str) -> Story {
    let timeline = vec![
        moment(0.004, "alice registers", "303 to /"),
        moment(0.0191, "server 1, which served her, is killed (SIGKILL)", ""),
        moment(0.25, "alice visits /", "200, greets nobody, 3 posts"),
    ];
    Story { timeline, expected: expected.to_owned(), saw: saw.to_owned(), why: why.to_owned(), last_words: Vec::new() }
}

/// With all that a story may have: more moments than a screen holds, repetitions, words that are too long, a panic, and what
/// a program wrote to do harm.
fn long(story: Story) -> Story {
    let mut timeline = story.timeline;
    timeline.extend((0..5).map(|_| moment(0.3, "alice visits / again", "refused: connection refused")));
    let path = "a-name-so-long-that-no-row-of-eighty-columns-can-hold-all-of-it-beside-what-she-saw";
    timeline.push(moment(0.9, &format!("alice visits /u/{path}"), "200, greets “naïve 言葉”"));
    timeline.extend((1..30).map(|number| moment(f64::from(number), &format!("user {number} visits /"), "200")));
    let words = |process: &str, panic: Option<&str>, lines: &[&str]| LastWords {
        process: process.to_owned(),
        panic: panic.map(str::to_owned),
        lines: lines.iter().map(|&line| line.to_owned()).collect(),
    };
    let last_words = vec![
        words("server 2", None, &["\u{1b}[2J\u{1b}[32mINFO\u{1b}[0m served"]),
        words(
            "server 1",
            Some("src/session.rs:42:9: called `Option::unwrap()` on a `None` value"),
            &["", "thread 'main' panicked at src/session.rs:42:9:", &"x".repeat(400)],
        ),
    ];
    Story { timeline, last_words, ..story }
}

pub fn failing() -> Report {
    let expected = "the page greets alice (the element with id \"me\")";
    let why = "She logged in once. A server's death is no reason to ask her again.";
    let failed = |name: &str, saw: &str, why: &str| Outcome {
        story: Some(story(expected, saw, why)),
        ..outcome(name, Verdict::Failed)
    };
    let mut first = failed("login_survives", "a stranger's page: it greets nobody", why);
    first.story = first.story.map(long);
    first.measured = BTreeMap::from([("logged out".to_owned(), json!(847)), ("p99 ms".to_owned(), json!(9214.2))]);
    report(vec![
        first,
        outcome("logout_is_everywhere", Verdict::Passed),
        failed(
            "needs_login",
            "200, greets nobody, <script>alert(\"&\")</script>",
            "Strangers publish in nobody's name.",
        ),
        failed("spread_evenly", "server 1 served 90 of 100", "Two servers were bought for nothing."),
    ])
}

pub fn passing() -> Report {
    let mut first = outcome("login_survives", Verdict::Passed);
    first.measured = BTreeMap::from([("logged out".to_owned(), json!(0)), ("p99 ms".to_owned(), json!(212.4))]);
    report(vec![
        first,
        outcome("logout_is_everywhere", Verdict::Passed),
        outcome("needs_login", Verdict::Passed),
        outcome("spread_evenly", Verdict::Failed),
    ])
}

pub fn broken() -> Report {
    let stall =
        "this machine stood still for 2.3 s, too busy to be judged on; close what else is running and check again";
    let unjudged =
        |name: &str, reason: &str| Outcome { broken: Some(reason.to_owned()), ..outcome(name, Verdict::Broken) };
    report(vec![
        unjudged("login_survives", stall),
        unjudged("logout_is_everywhere", stall),
        unjudged(
            "needs_login",
            "making target/worlds/run-1/needs_login; is the disk full or read-only?: No space left on device",
        ),
        outcome("spread_evenly", Verdict::Passed),
    ])
}
