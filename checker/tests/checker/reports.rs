//! What people and programs are shown, from values: a failing check, one that passed, one that could not be judged.

use checker::{
    course::{Chapter, Kind},
    report::{
        Ending, Look, Pass,
        grade::{ChapterGrade, Grade},
        headline::{self, Headline, Row},
        json, junit,
        pass::WrongAnswer,
        terminal, times,
    },
    verdict::Verdict,
};
use insta::assert_snapshot;

use crate::values::{broken, chapter, failing, outcome, passing, report};

/// In each look that there is; colours by name, so that they can be read.
fn shown(name: &str, text: impl Fn(Look) -> String) {
    let looks = [
        ("rich_80", Look::rich(80)),
        ("rich_120", Look::rich(120)),
        ("plain_80", Look::plain(80)),
        ("plain_120", Look::plain(120)),
    ];
    for (look_name, look) in looks {
        let text = text(look);
        if look.plain {
            assert!(!text.contains('\u{1b}'), "plain text has no colours: {text}");
        }
        let wide = |line: &&str| console::measure_text_width(line) > look.width;
        let colourless = console::strip_ansi_codes(&text).into_owned();
        if !look.plain {
            assert_eq!(colourless.lines().find(wide), None, "{name} on a screen of {} columns", look.width);
        }
        assert_snapshot!(format!("{name}_{look_name}"), with_named_colours(&text));
    }
}

fn with_named_colours(text: &str) -> String {
    let colours = [
        ("\u{1b}[0m", "⟩"),
        ("\u{1b}[1m", "⟨bold "),
        ("\u{1b}[2m", "⟨dim "),
        ("\u{1b}[31m", "⟨red "),
        ("\u{1b}[32m", "⟨green "),
        ("\u{1b}[33m", "⟨yellow "),
        ("\u{1b}[35m", "⟨magenta "),
        ("\u{1b}[36m", "⟨cyan "),
    ];
    let named = colours.iter().fold(text.to_owned(), |text, (code, name)| text.replace(code, name));
    assert!(!named.contains('\u{1b}'), "a code that has no name here: {named:?}");
    named
}

#[test]
fn a_check_that_failed() {
    let first_time = Ending { first_time: true, pass: None };
    shown("failed", |look| terminal::check(look, &chapter(), &failing(), false, 4.2, &first_time));
    let all = terminal::check(Look::plain(80), &chapter(), &failing(), true, 4.2, &Ending::default());
    assert_snapshot!("failed_all", all);
}

#[test]
fn a_deep_promise_that_is_alone_counts() {
    let asked = report(vec![outcome("spread_evenly", Verdict::Failed)]);
    assert_eq!(asked.verdict(), Verdict::Failed);
    let pass = || Pass { before: None, wrong: Vec::new(), next: None };
    let ending = Ending { first_time: false, pass: Some(pass()) };
    let told = terminal::check(Look::plain(80), &chapter(), &asked, false, 4.2, &ending);
    assert!(told.contains("No server does the work of two."), "{told}");
    assert!(told.contains("next") && told.contains("failed: 0 of 1 deep promise kept"), "{told}");

    assert_eq!(report(vec![outcome("spread_evenly", Verdict::Broken)]).verdict(), Verdict::Broken);
    let beside_another =
        report(vec![outcome("needs_login", Verdict::Passed), outcome("spread_evenly", Verdict::Failed)]);
    assert_eq!(beside_another.verdict(), Verdict::Passed);
}

#[test]
fn a_check_that_passed() {
    let next = Chapter { number: 5, slug: "split".to_owned(), title: "One database for all.".to_owned(), ..chapter() };
    let before = failing();
    let wrong =
        ["A session in a signed cookie", "Sessions in the memory of each server", "The same server for each user"];
    let wrong = wrong.map(|title| WrongAnswer {
        title: title.to_owned(),
        told: "It passes on a quiet day: nobody dies, nobody logs out, and each server knows its own users by heart."
            .to_owned(),
        caught_by: vec!["logout_is_everywhere".to_owned()],
    });
    shown("passed", |look| {
        let pass = Pass { before: Some(&before), wrong: wrong.to_vec(), next: Some(&next) };
        terminal::check(look, &chapter(), &passing(), false, 4.2, &Ending { first_time: false, pass: Some(pass) })
    });
}

#[test]
fn a_check_that_could_not_be_judged() {
    shown("broken", |look| terminal::check(look, &chapter(), &broken(), false, 4.2, &Ending::default()));
}

#[test]
fn many_checks() {
    shown("times", |look| {
        let mut tally = times::Tally::default();
        let mut text = String::new();
        for (number, report) in [passing(), failing(), broken()].iter().enumerate() {
            tally.add(report);
            text.push_str(&times::one_run(look, &chapter(), report, number + 1, 100, 2.94));
        }
        text + &tally.table(look, &chapter(), 291.0)
    });
}

#[test]
fn a_document_for_programs_says_all_and_can_be_read_back() {
    for (name, report) in [("failed", failing()), ("passed", passing()), ("broken", broken())] {
        let document = json::document(&report).expect("it can be written");
        let folder = tempfile::tempdir().expect("there is a place");
        let file = folder.path().join("result.json");
        std::fs::write(&file, &document).expect("files can be written");
        let read = json::read(&file).expect("it was written by us");
        assert_eq!(json::document(&read).expect("it can be written"), document);
        assert_eq!(read.exit_code(), report.exit_code());
        assert_snapshot!(format!("json_{name}"), document);
    }
}

#[test]
fn a_document_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("there is a place");
    let file = folder.path().join("result.json");
    std::fs::write(&file, "{\"chapter\": \"04\"").expect("files can be written");
    let error = format!("{:#}", json::read(&file).expect_err("half of it is missing"));
    assert!(error.contains("result.json is not the result of a check; check that chapter again"), "{error}");
}

#[test]
fn test_results_for_whatever_shows_them() {
    assert_snapshot!("junit_failed", junit::document(&failing()));
    assert_snapshot!("junit_passed", junit::document(&passing()));
    assert_snapshot!("junit_broken", junit::document(&broken()));
}

#[test]
fn a_grade() {
    let other = Chapter { number: 5, slug: "split".to_owned(), ..chapter() };
    let grade = Grade::of(vec![
        ChapterGrade::of(&passing()),
        ChapterGrade::of(&failing()),
        ChapterGrade::of(&broken()),
        ChapterGrade::unbuilt(&other),
    ]);
    assert_eq!(grade.verdict(), Verdict::Failed);
    assert_eq!(Grade::of(vec![ChapterGrade::of(&broken())]).verdict(), Verdict::Broken);
    assert_eq!(Grade::of(vec![ChapterGrade::of(&passing())]).verdict(), Verdict::Passed, "a deep promise stops nobody");
    shown("grade", |look| grade.text(look));
    assert_snapshot!(
        "grade_json",
        Grade::of(vec![ChapterGrade::of(&passing()), ChapterGrade::unbuilt(&other)]).json().expect("it can be written")
    );
    assert_snapshot!("grade_junit", grade.junit());
}

#[test]
fn a_headline() {
    let row = |what: &str, before: &str, after: &str, ratio: Option<&str>| Row {
        what: what.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        ratio: ratio.map(str::to_owned),
    };
    let headlines = [Headline {
        chapter: chapter().folder_name(),
        talk: chapter().figure,
        rows: vec![row("logged out", "847", "0", None), row("p99", "9.2 s", "212 ms", Some("43×"))],
        notes: vec!["delays at a tenth of the talk's".to_owned()],
    }];
    shown("headline", |look| headline::text(look, &headlines));
    assert_snapshot!("headline_json", headline::document(&headlines).expect("it can be written"));
}

#[test]
fn exit_codes() {
    assert_eq!([passing(), failing(), broken()].map(|report| report.exit_code()), [0, 1, 2]);
    let mut both = broken();
    both.scenarios[1] = outcome("logout_is_everywhere", Verdict::Failed);
    assert_eq!(both.exit_code(), 1, "a failure outranks what could not be judged");
    assert!(both.scenarios.iter().any(|outcome| outcome.kind == Kind::Deep));
}
