//! Stands in for the checker in a clone of a few files, with its command line and nothing behind it: what it finds is
//! what the chapter's program says when it is asked for the role `app`.

use std::{env, fs, path::PathBuf, process::Command, process::exit};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    eprintln!("fake checker: {}", args.join(" "));
    if args[0] == "check" {
        let after = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
        check(&args[1], after);
    }
}

/// A promise named `first` that the program may hold, one that always holds, and a deep one that never does.
fn check(number: &str, after: impl Fn(&str) -> Option<String>) {
    let program = match (after("--program"), after("--overlay")) {
        (Some(program), _) => format!("{program} app"),
        (None, folder) => format!("grep -q right '{}/src/main.rs' && echo right", folder.unwrap_or_default()),
    };
    let said = Command::new("sh").arg("-c").arg(program).output().expect("there is a shell").stdout;
    let passed = String::from_utf8_lossy(&said).trim() == "right";
    let verdict = if passed { "passed" } else { "failed" };
    let label = after("--label").unwrap_or_default();
    let scenarios = format!(
        r#"[{{"name": "first", "verdict": "{verdict}"}}, {{"name": "guard", "verdict": "passed"}}, {{"name": "extra", "verdict": "failed"}}]"#
    );
    let document = format!(r#"{{"target": "{label}", "passed": {passed}, "scenarios": {scenarios}}}"#);

    let checker: PathBuf = env::current_exe().expect("the checker is a file");
    let target = checker.ancestors().nth(2).expect("the checker is in target/debug");
    let folder = target.join("last-check").join(number);
    fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("result.json"), &document)).expect("it can write");
    if after("--format").as_deref() == Some("json") {
        println!("{document}");
    }
    exit(if passed { 0 } else { 1 });
}
