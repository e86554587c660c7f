//! What every command says of itself.

use insta::assert_snapshot;

use crate::common::Clone;

const COMMANDS: [&str; 17] = [
    "check", "watch", "list", "start", "next", "hint", "diff", "reset", "solution", "gallery", "prepare", "run",
    "headline", "grade", "doctor", "test", "tidy",
];

#[test]
fn every_command_explains_itself() {
    let clone = Clone::new();
    for command in COMMANDS {
        let help = clone.xtask(&format!("{command} --help"));
        help.ends(0, &["xit code", "cargo xtask"]);
        assert_snapshot!(command, help.page(&clone));
    }
}

#[test]
fn nothing_asked_is_help_given() {
    let clone = Clone::new();
    let help = clone.xtask("");
    assert_snapshot!("nothing", help.page(&clone));
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is not in the list");
    }
    assert_eq!(clone.xtask("--help").stdout, help.stdout);
}

#[test]
fn a_command_that_does_not_exist_is_taken_for_the_one_that_was_meant() {
    let clone = Clone::new();
    let unknown = clone.xtask("chekc 01");
    unknown.ends(2, &["Run a chapter's incident", "a similar subcommand exists: 'check'"]);
    assert!(unknown.stdout.is_empty(), "it is no answer to what was asked: {unknown:#?}");
    clone.xtask("chapter").ends(2, &["unrecognized subcommand 'chapter'"]);
}
