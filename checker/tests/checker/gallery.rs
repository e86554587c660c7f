//! Entries of the gallery, and how what was found of them is counted.

use std::fs;

use checker::{
    course, gallery,
    gallery::{Entry, Kind},
    kill_score::{Score, amiss},
    verdict::Verdict,
};

use crate::{
    common::Place,
    values::{outcome, report},
};

fn entry(name: &str, caught_by: &[&str]) -> Entry {
    Entry {
        title: "An answer".to_owned(),
        told: "It looks right.".to_owned(),
        caught_by: caught_by.iter().map(|&name| name.to_owned()).collect(),
        removes: Vec::new(),
        name: name.to_owned(),
        folder: "nowhere".into(),
    }
}

#[test]
fn entries_come_in_their_order_with_names_that_cargo_takes() {
    let chapter = course::chapter("1").expect("there is a first chapter");
    let entries = gallery::entries(&chapter).expect("the gallery can be read");
    let kinds: Vec<Kind> = entries.iter().map(Entry::kind).collect();
    let place = |kind: &Kind| [Kind::History, Kind::Wrong, Kind::Right].iter().position(|other| other == kind);
    assert!(kinds.is_sorted_by_key(place) && kinds[0] == Kind::History, "{kinds:?}");
    let mut packages: Vec<String> = entries.iter().map(|entry| entry.package(&chapter)).collect();
    let is_name = |name: &String| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    assert!(packages.iter().all(is_name), "{packages:?}");
    packages.sort();
    packages.dedup();
    assert_eq!(packages.len(), entries.len(), "each has a name of its own");
    assert_eq!(entry("wrong/memory_cache", &[]).package(&chapter), "gallery-01-wrong-memory-cache");
}

#[test]
fn what_is_no_entry_is_none() {
    let chapter = course::chapter("monolith").expect("there is a first chapter");
    for name in ["", ".", "wrong", "wrong/nothing", "../02-ceiling/history", "/etc", "wrong/../history"] {
        assert!(gallery::entry(&chapter, name).is_err(), "{name}");
    }
    assert_eq!(gallery::entry(&chapter, "history").expect("each chapter has it").kind(), Kind::History);
}

#[test]
fn a_wrong_answer_is_judged_rightly_where_each_of_its_promises_fails() {
    let wrong = entry("wrong/cache", &["login_survives", "logout_is_everywhere"]);
    let judged = |one, other| report(vec![outcome("login_survives", one), outcome("logout_is_everywhere", other)]);
    assert_eq!(amiss(&wrong, &judged(Verdict::Failed, Verdict::Failed)), None);
    let missed = amiss(&wrong, &judged(Verdict::Failed, Verdict::Passed));
    assert_eq!(missed, Some((Verdict::Passed, "logout_is_everywhere was passed".to_owned())));
    let busy = amiss(&wrong, &judged(Verdict::Broken, Verdict::Failed));
    assert_eq!(busy, Some((Verdict::Broken, "login_survives was broken".to_owned())));
    let unknown = amiss(&entry("wrong/cache", &["gone"]), &judged(Verdict::Failed, Verdict::Failed));
    assert_eq!(unknown, Some((Verdict::Failed, "there is no promise gone".to_owned())));
}

#[test]
fn a_right_answer_may_leave_deep_promises_open_and_history_must_leave_gaps() {
    let judged = |gap, guard, deep| {
        report(vec![outcome("login_survives", gap), outcome("needs_login", guard), outcome("spread_evenly", deep)])
    };
    let (passed, failed) = (Verdict::Passed, Verdict::Failed);
    let right = entry("right/table", &[]);
    assert_eq!(amiss(&right, &judged(passed, passed, failed)), None);
    let blamed = amiss(&right, &judged(passed, failed, passed));
    assert_eq!(blamed, Some((failed, "needs_login was failed".to_owned())));
    let history = entry("history", &[]);
    assert_eq!(amiss(&history, &judged(failed, passed, failed)), None);
    assert_eq!(
        amiss(&history, &judged(passed, passed, failed)),
        Some((passed, "login_survives was passed".to_owned()))
    );
    assert_eq!(amiss(&history, &judged(failed, failed, failed)), Some((failed, "needs_login was failed".to_owned())));
}

#[test]
fn a_score_counts_what_was_right_and_what_was_in_the_way() {
    let wrong = entry("wrong/cache", &["login_survives"]);
    let mut score = Score::default();
    for verdict in [Verdict::Failed, Verdict::Broken, Verdict::Passed, Verdict::Passed, Verdict::Failed] {
        score.add(&wrong, &report(vec![outcome("login_survives", verdict)]));
    }
    let amiss = Some("login_survives was passed, seed 1234".to_owned());
    assert_eq!(score, Score { runs: 5, rightly: 2, broken: 1, amiss });
}

#[test]
fn the_kill_score_is_what_the_tests_have_found() {
    let place = Place::new();
    let first = course::chapter("1").expect("there is a first chapter");
    let entries = gallery::entries(&first).expect("the gallery can be read");
    let (wrong, right) = (entries.iter().filter(|entry| entry.kind() == Kind::Wrong).count(), entries.len() - 1);
    let right = right - wrong;
    let ran = place.run(&mut place.checker("kill-score 01 --plain"));
    ran.ends(1, &[&format!("0 of {wrong}"), &format!("0 of {right}"), "no test has judged it"]);

    let found = r#"{"runs":1,"rightly":1,"broken":0,"amiss":null}"#;
    for entry in &entries {
        let parts = if entry.kind() == Kind::Wrong { entry.caught_by.clone() } else { vec!["all".to_owned()] };
        for part in parts {
            place.write(&format!("target/kill-score/{}/{part}.json", entry.package(&first)), found);
        }
    }
    let ran = place.run(&mut place.checker("kill-score 01 --plain"));
    ran.ends(0, &[&format!("{wrong} of {wrong}"), &format!("{right} of {right}")]);

    let missed = entries.iter().find(|entry| entry.kind() == Kind::Wrong).expect("there are wrong answers");
    let file = format!("target/kill-score/{}/{}.json", missed.package(&first), missed.caught_by[0]);
    place.write(&file, r#"{"runs":1,"rightly":0,"broken":0,"amiss":"it was passed, seed 7"}"#);
    let ran = place.run(&mut place.checker("kill-score 01 --plain"));
    ran.ends(1, &[&format!("{} of {wrong}", wrong - 1), "it was passed, seed 7"]);
    assert!(fs::read_dir(place.path("target/worlds")).is_err(), "nothing was judged anew");
}
