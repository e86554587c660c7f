//! What every command says of itself, and of what is asked for wrongly.

use insta::assert_snapshot;

use crate::common::{Place, filtered};

const COMMANDS: [&str; 7] = ["check", "grade", "headline", "run", "servers", "build-gallery", "kill-score"];

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    for command in COMMANDS {
        let help = place.run(&mut place.checker(&format!("{command} --help")));
        help.ends(0, &["Usage: checker "]);
        assert_snapshot!(command, help.page());
    }
    let help = place.run(&mut place.checker("--help"));
    assert_snapshot!("all", help.page());
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is not in the list");
    }
    assert!(!help.stdout.contains("reaper"), "nobody types that");
}

#[test]
fn what_is_asked_for_wrongly_is_said_in_a_sentence() {
    let place = Place::new();
    let told = |arguments: &str| {
        let ran = place.run(&mut place.checker(arguments));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
        format!("$ checker {arguments}\n{}\n\n", ran.page())
    };
    let pages: String = [
        "chekc",
        "check",
        "check 01",
        "check 01 --program true --overlay here",
        "check 77 --program true",
        "check stateful --program true",
        "check 01 --program true --times 0",
        "check 01 --program true --seed may",
        "check 01 --program true --stack cloud",
        "check 01 --program true --format yaml",
        "check 01 --entry wrong/nothing",
        "check 01 --entry ../01-monolith/history",
        "grade true",
        "grade 77=true",
        "grade --overlay 01",
        "headline",
        "headline 01",
        "run 01",
        "kill-score 77",
        "reaper --run x",
    ]
    .map(told)
    .concat();
    // Which chapters there are is the course's affair.
    let pages = without_chapters(&pages);
    filtered(|| assert_snapshot!("asked_wrongly", pages));
}

#[test]
fn a_promise_that_nobody_makes_is_told_with_those_that_are_made() {
    let place = Place::new();
    let ran = place.run(&mut place.check("true", "--scenario publish_shows_on_fed"));
    ran.ends(2, &["no promise of 01-monolith has that name; they are publish_shows_on_feed, survives_restart"]);
    place.expect_nothing_left();
}

/// Without the list of chapters, which grows.
fn without_chapters(pages: &str) -> String {
    let short = |line: &str| match line.split_once("; there are 01-monolith") {
        Some((told, _)) => format!("{told}; there are 01-monolith, …\n"),
        None => format!("{line}\n"),
    };
    pages.lines().map(short).collect()
}
