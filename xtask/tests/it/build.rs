//! What a learner sees when something does not build.

use std::{env, fs, os::unix::fs::symlink, path::PathBuf, process::Command};

use crate::common::{Clone, RIGHT};

#[test]
fn a_chapter_that_does_not_compile_is_told_by_cargo() {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    let broken = clone.xtask("check 1");
    broken.ends(1, &["cannot find function `nonsense`", "chapters/01-first/src/main.rs:1"]);
    let last = "failed: chapters/01-first does not compile; cargo says above where";
    assert_eq!(broken.stderr.lines().last(), Some(last), "{broken:#?}");
    // Programs read one document, whatever happened.
    clone.xtask("check 1 --format json").ends(1, &["check 01 --label chapter --unbuilt --format json"]);

    clone.write("chapters/01-first/src/main.rs", &RIGHT.replace("{\n", "{\n    let spare = 1;\n"));
    clone.xtask("check 1").ends(0, &["unused variable: `spare`"]);
    // What another chapter is like does not matter.
    clone.write("chapters/02-second/src/main.rs", "fn main() { nonsense() }");
    clone.xtask("check 1").ends(0, &[]);
    clone.xtask("run 2").ends(1, &["chapters/02-second does not compile"]);
}

#[test]
fn a_checker_that_does_not_compile_blames_nobody() {
    let clone = Clone::new();
    clone.write("checker/src/main.rs", "fn main() { nonsense() }");
    let broken = clone.xtask("check 1");
    broken.ends(2, &["cannot find function `nonsense`", "the checker could not be built", "git status checker"]);
}

#[test]
fn a_machine_without_a_c_compiler_is_told_so() {
    let clone = Clone::new();
    let mut check = clone.command("check 1");
    let broken = clone.run(check.env("PATH", without_a_compiler(&clone)));
    broken.ends(2, &["there is no C compiler on PATH", "sudo apt install build-essential"]);
    let doctor = clone.run(clone.command("doctor").env("PATH", without_a_compiler(&clone)));
    doctor.ends(1, &["C compiler       lacks  none", "Something that every chapter needs is missing."]);
}

/// A folder with cargo, rustc and git, and no `cc`.
fn without_a_compiler(clone: &Clone) -> PathBuf {
    let folder = clone.path("target/few");
    let found = Command::new("rustc").arg("--print=sysroot").output().unwrap().stdout;
    let sysroot = PathBuf::from(String::from_utf8(found).unwrap().trim());
    let path = env::var_os("PATH").unwrap();
    let git = env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).unwrap();
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for program in [sysroot.join("bin/cargo"), sysroot.join("bin/rustc"), git] {
        symlink(&program, folder.join(program.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let clone = Clone::new();
    clone.edit("chapters/01-first/Cargo.toml", "[package]", "[package");
    clone.xtask("check 1").ends(2, &["chapters/01-first/Cargo.toml", "cargo cannot read a Cargo.toml"]);
}

#[test]
fn every_chapter_that_compiles_is_graded() {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    let grade = clone.xtask("grade --format junit");
    grade.ends(0, &["chapters/01-first does not compile, or is missing; it earns nothing", "--unbuilt 01"]);
    grade.ends(0, &["02='", "--format junit"]);

    clone.xtask("grade --path nowhere").ends(2, &["there is no folder nowhere"]);
    clone.xtask("grade --path checker").ends(2, &["holds no chapters folder"]);
    let own = clone.root().display();
    clone.xtask("grade --path chapters").ends(0, &[&format!("--overlay 02={own}/chapters/02-second")]);
}

#[test]
fn headlines_are_measured_on_the_reference_answers() {
    let clone = Clone::new();
    let one = clone.xtask("headline 2 --json --plain");
    one.ends(0, &["headline 02 --program 02='", "solution02-second' --json --plain"]);
    clone.xtask("headline").ends(0, &["headline 01 02 --program 01='"]);
    clone.write("solutions/01-first/src/main.rs", "fn main() { nonsense() }");
    clone.xtask("headline 1").ends(2, &["solutions/01-first does not compile; `git status solutions`"]);
    clone.xtask("headline 9").ends(2, &["there is no chapter `9`"]);
}

#[test]
fn every_test_but_the_learners_is_run() {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    let tested = format!("{RIGHT}\n#[test]\nfn it_adds_up() {{\n    assert_eq!(1 + 1, 2);\n}}\n");
    clone.write("solutions/01-first/src/main.rs", &tested);
    let steps = [
        "▸ build the workspace and its tests",
        "fake checker: build-gallery",
        "it_adds_up",
        "fake checker: kill-score",
    ];
    clone.xtask("test").ends(0, &steps);
    let some = clone.xtask("test adds_up");
    some.ends(0, &["it_adds_up"]);
    assert!(!some.stderr.contains("kill-score"), "some tests are no score: {some:#?}");

    clone.edit("solutions/01-first/src/main.rs", "2);", "3);");
    clone.xtask("test").ends(1, &["it_adds_up"]);
    clone.write("solutions/01-first/src/main.rs", "fn main() { nonsense() }");
    clone.xtask("test").ends(2, &["cannot find function `nonsense`", "not everything compiles"]);
}

#[test]
fn everything_can_be_prepared() {
    let clone = Clone::new();
    clone.xtask("prepare").ends(0, &["ready: no check needs the network now"]);
    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    clone.xtask("prepare").ends(1, &["ch01-first does not compile"]);
}
