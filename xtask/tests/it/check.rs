//! `check`: the incident, the verdict, and what is asked for wrongly.

use std::fs;

use crate::common::{Clone, RIGHT};

#[test]
fn a_check_tells_the_incident_and_passes_on_the_verdict() {
    let clone = Clone::new();
    clone.xtask("check 1").ends(1, &["It went live.", "What breaks next?", "fake checker: check 01 --label chapter"]);

    clone.write("chapters/01-first/src/main.rs", RIGHT);
    let again = clone.xtask("check first --seed 7 --all --times 3 --real-time --full --stack embedded --plain");
    again.ends(0, &["--seed 7 --times 3 --format text", "--all --real-time --full --plain"]);
    assert!(!again.stdout.contains("What breaks next?"), "the question is asked at the first check only");
    assert!(clone.read(".progress.json").contains("\"done\": true"));
}

#[test]
fn a_document_stands_alone_on_stdout() {
    let clone = Clone::new();
    let check = clone.xtask("check 01 --format json");
    check.ends(1, &["It went live."]);
    assert!(check.stdout.starts_with('{') && check.stdout.trim_end().ends_with('}'), "{check:#?}");
}

#[test]
fn a_promise_is_asked_for_by_number_or_by_name() {
    let clone = Clone::new();
    clone.xtask("check 1 --scenario 2 --hold").ends(1, &["--scenario extra", "--hold"]);
    clone.xtask("check 1 --scenario guard").ends(1, &["--scenario guard"]);
    let known = "chapter 01 makes no promise `nonsense`; it makes first, guard, extra";
    clone.xtask("check 1 --scenario nonsense").ends(2, &[known]);
    clone.xtask("check 1 --scenario 3").ends(2, &["no promise `3`"]);
    clone.xtask("check 1 --hold").ends(2, &["--scenario <NAME>"]);
}

#[test]
fn a_copy_is_checked_from_anywhere() {
    let clone = Clone::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("01-first");
    fs::create_dir_all(copy.join("src")).unwrap();
    fs::write(copy.join("src/main.rs"), RIGHT).unwrap();
    let copied = copy.display();
    clone.xtask(&format!("check 1 --path {copied}")).ends(0, &[&format!("--label {copied} --overlay {copied}")]);
    assert!(!clone.path(".progress.json").exists(), "somebody else's copy is not the learner's progress");

    let gone = clone.xtask("check 1 --path nowhere");
    gone.ends(2, &["there is no folder nowhere; --path takes a copy of a chapter's folder"]);
}

#[test]
fn any_program_can_be_checked() {
    let clone = Clone::new();
    let mut check = clone.command("check 1 --program");
    clone.run(check.arg("echo right")).ends(1, &["--label echo right --program echo right"]);
    clone.run(clone.command("check 1 --program").arg("printf right #")).ends(0, &[]);
}

#[test]
fn the_reference_answer_is_not_the_learners_progress() {
    let clone = Clone::new();
    clone.xtask("check 1 --solution").ends(0, &["--label solution"]);
    assert!(!clone.path(".progress.json").exists());
}

#[test]
fn a_chapter_is_built_for_each_stack_in_a_place_of_its_own() {
    let clone = Clone::new();
    let feature =
        clone.read("chapters/01-first/Cargo.toml").replace("\n[lints]", "\n[features]\nmysql = []\n\n[lints]");
    clone.write("chapters/01-first/migrations/sqlite/1_user.sql", "");
    clone.write("chapters/01-first/migrations/mysql/1_user.sql", "");
    let no_feature = "builds chapters/01-first with the feature `mysql`, which its Cargo.toml does not have";
    clone.xtask("check 1 --stack servers").ends(1, &["failed:", no_feature]);

    clone.write("chapters/01-first/Cargo.toml", &feature);
    clone.write(
        "chapters/01-first/src/main.rs",
        "fn main() {\n    println!(\"{}\", if cfg!(feature = \"mysql\") { \"right\" } else { \"wrong\" });\n}\n",
    );
    clone.xtask("check 1").ends(1, &["target/debug/ch01-first"]);
    clone.xtask("check 1 --stack servers").ends(0, &["--stack servers", "target/servers/debug/ch01-first"]);
    clone.xtask("check 1").ends(1, &["target/debug/ch01-first"]);

    clone.write("chapters/01-first/migrations/sqlite/2_like.sql", "");
    let missing = "chapters/01-first/migrations/mysql lacks 2_like.sql: write the same in MySQL's words there";
    clone.xtask("check 1 --stack servers").ends(1, &["failed:", missing]);
    let document = clone.xtask("check 1 --stack servers --format json");
    document.ends(1, &["--unbuilt", missing]);
    clone.xtask("check 1").ends(1, &["target/debug/ch01-first"]);
}

#[test]
fn what_cannot_be_checked_is_said_in_a_sentence() {
    let clone = Clone::new();
    clone.xtask("check 7").ends(2, &["there is no chapter `7`; the chapters are 01 first, 02 second"]);
    clone.xtask("check 1 --solution --program x").ends(2, &["cannot be used with"]);
    clone.xtask("check 1 --times 0").ends(2, &["invalid value '0'"]);
    clone.xtask("check 1 --seed may").ends(2, &["invalid value 'may'"]);
    clone.xtask("check 1 --stack cloud").ends(2, &["[possible values: embedded, servers]"]);

    clone.remove("chapters/01-first");
    clone.xtask("check 1").ends(2, &["chapters/01-first is missing; `cargo xtask start 01` brings it back"]);
    clone.remove("solutions/02-second");
    clone.xtask("check 2 --solution").ends(2, &["solutions/02-second is missing; `git restore solutions`"]);

    let outside = tempfile::tempdir().unwrap();
    clone.xtask_in(outside.path(), "check 1").ends(2, &["is not inside a clone of the workshop"]);
    clone.xtask_in(&clone.path("checker/src"), "check 7").ends(2, &["there is no chapter `7`"]);
}

#[test]
fn a_course_that_cannot_be_read_is_named() {
    let clone = Clone::new();
    let toml = "checker/course/01-first/chapter.toml";
    clone.edit(toml, "number = 1", "number = 1\nnumber = 2");
    clone.xtask("check 1").ends(2, &[toml, "does not say what a chapter must", "duplicate key"]);
    clone.edit(toml, "number = 1\nnumber = 2\n", "");
    clone.xtask("list").ends(2, &[toml, "missing field `number`"]);
    clone.xtask("doctor").ends(0, &["This machine is ready."]);
    clone.remove("checker/course/01-first");
    clone.remove("checker/course/02-second");
    clone.xtask("list").ends(2, &["holds no chapters; `git restore checker/course` brings them back"]);
}

#[test]
fn a_damaged_progress_file_is_put_aside() {
    let clone = Clone::new();
    clone.write(".progress.json", "{\"current\": 2");
    clone.xtask("list").ends(0, &["kept as .progress.json.damaged", "`cargo xtask list --recheck`"]);
    assert_eq!(clone.read(".progress.json.damaged"), "{\"current\": 2");

    clone.write(".progress.json", r#"{"current": 2, "theme": "dark", "chapters": {"01": {"done": true, "star": 5}}}"#);
    clone.xtask("start 1").ends(0, &[]);
    let kept = clone.read(".progress.json");
    assert!(kept.contains("\"theme\": \"dark\"") && kept.contains("\"star\": 5"), "a newer xtask's words stay: {kept}");
}
