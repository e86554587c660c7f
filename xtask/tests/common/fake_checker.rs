//! Stands in for the checker in a clone of a few files, with its command line and nothing behind it: what it finds is
//! what the chapter's program says when it is asked for the role `app`.

use std::{env, fs, path::Path, process::Command, process::exit};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let after = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    eprintln!("fake checker: {}", args.join(" "));
    match args[0].as_str() {
        "check" => check(&args[1], after),
        "lay" => lay(&args[1], &after("--entry").unwrap(), &after("--to").unwrap(), &after("--package").unwrap()),
        _ => {}
    }
}

fn check(number: &str, after: impl Fn(&str) -> Option<String>) {
    let program = after("--program").unwrap_or("false".into());
    let said = Command::new("sh").arg("-c").arg(format!("{program} app")).output().unwrap().stdout;
    let passed = String::from_utf8(said).unwrap().trim() == "right";
    let folder = Path::new("target/last-check").join(number);
    fs::create_dir_all(&folder).unwrap();
    let label = after("--label").unwrap_or_default();
    let verdict = if passed { "passed" } else { "failed" };
    let scenarios = format!(
        r#"[{{"name": "first", "verdict": "{verdict}"}}, {{"name": "guard", "verdict": "passed"}}, {{"name": "extra", "verdict": "failed"}}]"#
    );
    let document = format!(r#"{{"target": "{label}", "passed": {passed}, "scenarios": {scenarios}}}"#);
    fs::write(folder.join("result.json"), &document).unwrap();
    if after("--format").as_deref() == Some("json") {
        println!("{document}");
    }
    exit(if passed { 0 } else { 1 });
}

/// The starter is the solution with `wrong` for `right`.
fn lay(number: &str, entry: &str, to: &str, package: &str) {
    let solutions = fs::read_dir("solutions").unwrap().map(|entry| entry.unwrap().path());
    let solution = solutions.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(number)).unwrap();
    fs::create_dir_all(Path::new(to).join("src")).unwrap();
    let main = fs::read_to_string(solution.join("src/main.rs")).unwrap();
    let main = if entry == "history" { main.replace("right", "wrong") } else { main };
    fs::write(Path::new(to).join("src/main.rs"), main).unwrap();
    let manifest = fs::read_to_string(solution.join("Cargo.toml")).unwrap();
    let folder = solution.file_name().unwrap().to_str().unwrap();
    fs::write(Path::new(to).join("Cargo.toml"), manifest.replace(&format!("solution{folder}"), package)).unwrap();
}
