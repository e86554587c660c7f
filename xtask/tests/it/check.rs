//! `check`: the incident, the build, the verdict.

use crate::common::{Clone, RIGHT};

#[test]
fn a_check_tells_the_incident_and_passes_on_the_verdict() {
    let clone = Clone::new();
    clone.xtask("check 1").ends(1, &["It went live.", "What breaks next?", "fake checker: check 01 --label chapter"]);

    clone.write("chapters/01-first/src/main.rs", RIGHT);
    let again = clone.xtask("check first --seed 7 --all");
    again.ends(0, &["--seed 7", "--all"]);
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
fn a_chapter_that_does_not_compile_is_told_by_cargo() {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    clone.xtask("check 1").ends(1, &["cannot find function `nonsense`", "does not compile"]);

    clone.write("chapters/01-first/src/main.rs", "fn main() { let spare = 1; println!(\"right\") }");
    clone.xtask("check 1").ends(0, &["unused variable: `spare`"]);
}
