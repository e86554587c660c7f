//! Bad luck and bad input: no disk, no files, no such program, copies that do not build. Each a sentence, and its exit code.

use std::fs;

use insta::assert_snapshot;

use crate::common::{PUBLISH, Place, filtered};

#[test]
fn a_disk_that_takes_nothing_is_not_the_programs_fault() {
    let place = Place::new();
    let program = place.app("exec \"$SOLUTION\" \"$@\"");
    // No folder can be made where a file is.
    let worlds = place.write("target/worlds", "");
    let ran = place.run(&mut place.check(&program, PUBLISH));
    ran.ends(2, &["broken: making ", "target/worlds; is the disk full or read-only?"]);

    fs::remove_file(worlds).expect("it is there");
    place.write("target/last-check", "");
    let ran = place.run(&mut place.check(&program, PUBLISH));
    ran.ends(2, &["broken: keeping the result of this check"]);
    place.expect_nothing_left();
}

#[test]
fn few_open_files_are_raised_as_far_as_they_may_be() {
    let place = Place::new();
    let program = place.app("exec \"$SOLUTION\" \"$@\"");
    let with_limit = |limit: &str| {
        let check = place.check(&program, PUBLISH);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "sh"]).arg(check.get_program());
        shell.args(check.get_args()).current_dir(place.path(""));
        let ran = place.run(&mut shell);
        place.expect_nothing_left();
        ran
    };
    with_limit("-Sn 64").ends(0, &["passed"]);
    with_limit("-n 128").ends(0, &["passed"]);
    let ran = with_limit("-n 16");
    ran.ends(2, &["Too many open files"]);
}

#[test]
fn a_server_that_may_open_few_files_says_so_itself() {
    let place = Place::new();
    let program = place.app("ulimit -n 8; exec \"$SOLUTION\" \"$@\"");
    place.run(&mut place.check(&program, PUBLISH)).ends(1, &["it ended before it was ready"]);
    place.expect_nothing_left();
}

#[test]
fn a_program_is_found_before_anything_runs() {
    let place = Place::new();
    place.app("exec \"$SOLUTION\" \"$@\"");
    place.write("plain.txt", "no program");
    let told = |program: &str| {
        let ran = place.run(&mut place.check(program, PUBLISH));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
        format!("{program:?}\n{}\n", ran.page())
    };
    let programs = [
        "no-such-command app",
        "plain.txt",
        "./gone",
        "target/debug/gone",
        "target",
        "./target",
        "./plain.txt",
        "",
        "''",
        "'open",
    ];
    let pages: String = programs.map(told).concat();
    filtered(|| assert_snapshot!("no_such_program", pages));
    assert!(!place.path("target/worlds").exists(), "nothing has run");
}

#[test]
fn a_path_from_here_means_the_same_in_every_world() {
    let place = Place::new();
    place.app("exec \"$SOLUTION\" \"$@\"");
    let script = fs::read_to_string(place.path("program.sh")).expect("it was written");
    let file = place.write("bin/gossip", &format!("#!/bin/sh\n{script}"));
    let mut permissions = file.metadata().expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&file, permissions).expect("it is ours");
    // As a stranger's program it starts here, as the learner's in a folder of its own.
    for label in ["gossip", "solution"] {
        let mut check = place.checker("check 01 --plain --program bin/gossip --label");
        check.arg(label).args(PUBLISH.split(' '));
        place.run(&mut check).ends(0, &["passed"]);
    }
}

#[test]
fn a_copy_that_is_none_is_refused_in_a_sentence() {
    let place = Place::new();
    place.write("empty/README.md", "# Nothing");
    place.write("more/src/main.rs", "fn main() {}\n");
    place.write("more/Cargo.toml", "[package]\nname = \"more\"\n\n[dependencies]\naxum = \"0.8\"\nredis = \"1\"\n");
    place.write("odd/src/main.rs", "fn main() {}\n");
    place.write("odd/Cargo.toml", "[package\n");
    let told = |copy: &str, code: i32| {
        let ran = place.run(&mut place.checker(&format!("check 01 --plain --overlay {copy}")));
        ran.ends(code, &[]);
        format!("{copy}\n{}\n", ran.page())
    };
    let pages = [told("empty", 1), told("more", 1), told("odd", 1), told("gone", 2)].concat();
    filtered(|| assert_snapshot!("copies_that_are_none", pages));
}
