//! The commands that put folders in place: nothing of a learner's is lost, whatever it is called.

use std::fs;

use insta::assert_snapshot;

use crate::common::{Clone, RIGHT, WRONG};

const MINE: &str = "chapters/01-first/src/mine.rs";

/// A clone with work in it that is in no commit: a changed file, a new one, and notes in the brief.
fn at_work() -> Clone {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", "fn main() { half_done() }");
    clone.write(MINE, "//! Mine.\n");
    clone.edit("chapters/01-first/README.md", "It went live.", "It went live. My notes.");
    clone
}

/// Asserts that the work is whole in the one backup, and that the page says where.
#[track_caller]
fn is_kept(clone: &Clone, page: &str) {
    let backups = clone.backups();
    assert_eq!(backups.len(), 1, "{backups:?}");
    let backup = format!("backups/{}", backups[0]);
    assert!(page.contains(&backup) && page.contains("changes that were in no commit too"), "{page}");
    assert_eq!(clone.read(&format!("{backup}/src/main.rs")), "fn main() { half_done() }");
    assert_eq!(clone.read(&format!("{backup}/src/mine.rs")), "//! Mine.\n");
    assert!(clone.read(&format!("{backup}/README.md")).contains("My notes."));
    assert!(clone.read("chapters/01-first/README.md").contains("My notes."), "the README stays the learner's");
    assert!(!clone.path(MINE).exists());
}

#[test]
fn a_reset_keeps_the_work() {
    let clone = at_work();
    let reset = clone.xtask("reset 1");
    reset.ends(0, &["chapters/01-first is the starter again"]);
    is_kept(&clone, &reset.stdout);
    assert_eq!(clone.read("chapters/01-first/src/main.rs"), WRONG);
    clone.xtask("reset 1").ends(0, &["is the starter already"]);
    assert_eq!(clone.backups().len(), 1, "what is the starter already needs no backup");
}

#[test]
fn an_applied_solution_keeps_the_work() {
    let clone = at_work();
    clone.xtask("solution 1").ends(0, &["the answer", "solutions/01-first", "cargo xtask solution 01 --apply"]);
    let applied = clone.xtask("solution 1 --apply");
    applied.ends(0, &["chapters/01-first is the solution now", "cargo xtask check 01"]);
    is_kept(&clone, &applied.stdout);
    assert_eq!(clone.read("chapters/01-first/src/main.rs"), RIGHT);
    assert!(clone.read("chapters/01-first/Cargo.toml").contains("name = \"ch01-first\""));
    clone.xtask("check 1").ends(0, &[]);
    clone.xtask("solution").ends(2, &["<NN>"]);
    clone.xtask("solution 8").ends(2, &["there is no chapter `8`"]);
}

#[test]
fn a_start_replaces_nothing() {
    let clone = at_work();
    let start = clone.xtask("start 1");
    start.ends(0, &["open   chapters/01-first/README.md", "chapters/01-first/src/main.rs", "cargo xtask watch 01"]);
    assert_eq!(clone.read(MINE), "//! Mine.\n");
    assert!(clone.backups().is_empty());
    assert!(clone.read(".progress.json").contains("\"current\": 1"));
    clone.xtask("start 9").ends(2, &["there is no chapter `9`"]);
}

#[test]
fn a_start_brings_a_missing_chapter_back() {
    let clone = Clone::new();
    clone.remove("chapters/02-second");
    clone.commit();
    let start = clone.xtask("start second");
    start.ends(0, &["chapters/02-second was missing; it is the starter again", "## The incident"]);
    assert_eq!(clone.read("chapters/02-second/src/main.rs"), WRONG);
    assert!(clone.read("chapters/02-second/README.md").starts_with("# 02"), "the brief comes out of git");
    clone.xtask("list").ends(0, &["next  cargo xtask check 02"]);
    clone.xtask("tidy").ends(0, &[]);
}

#[test]
fn what_cannot_be_kept_is_not_replaced() {
    let clone = at_work();
    clone.write("backups", "a file, not a folder");
    clone.xtask("reset 1").ends(2, &["cannot back up to", "nothing was replaced"]);
    assert_eq!(clone.read(MINE), "//! Mine.\n");
    clone.remove("backups");
    fs::remove_dir_all(clone.path("solutions/01-first")).unwrap();
    clone.xtask("reset 1").ends(2, &["solutions/01-first"]);
    assert_eq!(clone.read(MINE), "//! Mine.\n");
}

#[test]
fn mine_is_compared_with_the_starter_and_after_a_pass_with_the_solution() {
    let clone = Clone::new();
    clone.xtask("diff 1").ends(0, &["chapters/01-first is the starter, byte for byte"]);
    clone.write("chapters/01-first/src/main.rs", &RIGHT.replace("main() {", "main() { // mine"));
    assert_snapshot!("diff_starter", clone.xtask("diff 1").page(&clone));
    clone.xtask("check 1").ends(0, &[]);
    assert_snapshot!("diff_solution", clone.xtask("diff 1").page(&clone));
    clone.xtask("diff 1 --starter").ends(0, &["- is the starter, + is yours", "-    println!(\"wrong\");"]);
    clone.xtask("diff 2 --solution").ends(0, &["+    println!(\"wrong\");"]);
    clone.xtask("diff 2 --solution --starter").ends(2, &["cannot be used with"]);
    clone.xtask("diff 5").ends(2, &["there is no chapter `5`"]);
    clone.remove("chapters/02-second");
    clone.xtask("diff 2").ends(2, &["chapters/02-second is missing; `cargo xtask start 02` brings it back"]);
}
