//! Copies of a chapter that are built: cargo's own words where they do not compile, nothing of them but an answer, and an end
//! when somebody asks for it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use checker::workshop;
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{UnderWay, eventually, processes};

/// A copy at the same place each time, so that one copy is laid, however often this runs.
struct Copy {
    folder: PathBuf,
    main: &'static str,
}

impl Copy {
    fn new(name: &str, main: &'static str) -> Copy {
        let copy = Copy { folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), main };
        // Gone, where an earlier run was ended.
        _ = fs::remove_dir_all(&copy.folder);
        copy.write("src/main.rs", main);
        copy
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.folder.join(name);
        fs::create_dir_all(file.parent().expect("it is in the copy")).expect("folders can be made");
        fs::write(file, text).expect("files can be written");
    }

    fn check(&self) -> Command {
        let mut check = Command::new(env!("CARGO_BIN_EXE_checker"));
        check.args(["check", "01", "--plain", "--overlay"]).arg(&self.folder);
        check.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        check
    }

    /// The crate that was made of it.
    fn laid(&self) -> Option<PathBuf> {
        let scratch = workshop::target().expect("tests run from there").join("scratch");
        let workspaces = fs::read_dir(scratch).into_iter().flatten().flatten();
        let crates = workspaces.flat_map(|workspace| fs::read_dir(workspace.path()).into_iter().flatten().flatten());
        let is_it =
            |folder: &PathBuf| fs::read_to_string(folder.join("src/main.rs")).is_ok_and(|main| main == self.main);
        crates.map(|entry| entry.path()).find(is_it)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.folder);
        if let Some(workspace) = self.laid().as_deref().and_then(Path::parent) {
            _ = fs::remove_dir_all(workspace);
        }
    }
}

#[test]
fn one_that_does_not_compile_gets_cargos_own_words() {
    let copy =
        Copy::new("copy-that-does-not-compile", "//! The site.\n\nfn main() {\n    let posts: u32 = \"none\";\n}\n");
    for (name, text) in [
        ("templates/feed.html", "<title>a template</title>"),
        ("migrations/sqlite/1_user.sql", "select 1;"),
        ("static/gossip.css", "a { color: red }"),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"cheating\"]\n"),
        ("tests/it.rs", "compile_error!(\"a test of theirs\");"),
        ("notes.md", "# Notes"),
        ("build.rs", "compile_error!(\"a build script of theirs\");"),
    ] {
        copy.write(name, text);
    }
    let output = copy.check().output().expect("it can be started");
    let said = String::from_utf8(output.stderr).expect("it is text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    let place = format!("{}/src/main.rs:4:22", copy.folder.display());
    assert!(said.contains("error[E0308]: mismatched types") && said.contains(&place), "{said}");
    assert!(said.ends_with("cannot be checked; the reason is above\n"), "{said}");
    assert!(!said.contains("theirs"), "{said}");

    let laid = copy.laid().expect("it was laid");
    let there = |name: &str| laid.join(name).exists();
    assert!(there("src/main.rs") && there("templates/feed.html") && there("static/gossip.css"));
    assert!(there("migrations/sqlite/1_user.sql"));
    assert!(!there("notes.md") && !there("tests") && !there(".cargo"), "only what an answer consists of is taken");
}

#[test]
fn one_that_panics_is_told_where_its_author_looks() {
    let copy = Copy::new("copy-that-panics", "//! The site.\n\nfn main() {\n    panic!(\"no gossip today\");\n}\n");
    let output = copy.check().stdout(Stdio::piped()).output().expect("it can be started");
    let said = String::from_utf8(output.stdout).expect("it is text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    // A path is not cut, a sentence may be.
    let place = format!("{}/src/main.rs:4:5", copy.folder.display());
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        format!("saw exit code 101; migrate panicked at {place}"),
        format!("panicked {place}: no gossip today"),
        format!("next {place}, where it panicked"),
    ] {
        assert!(words.contains(&sentence), "`{sentence}` is missing in {said}");
    }
    let names_of_ours = words.matches("copy-").count() - words.matches("copy-that-panics").count();
    assert_eq!((words.matches("no gossip today").count(), names_of_ours), (1, 0), "{said}");
}

#[test]
fn a_build_that_is_asked_to_end_ends_with_its_compilers() {
    // The compiler has to count to 2^64 first.
    let main = "#![allow(long_running_const_eval)]\n\nconst LATE: u64 = {\n    let mut count = 0u64;\n    while count < u64::MAX {
        count += 1;\n    }\n    count\n};\n\nfn main() {\n    println!(\"{LATE}\");\n}\n";
    let copy = Copy::new("copy-that-compiles-forever", main);
    let check = UnderWay(copy.check().spawn().expect("it can be started"));
    let compilers = || copy.laid().map(|laid| processes::of(&laid)).unwrap_or_default();
    eventually(|| !compilers().is_empty(), || "no compiler was started".to_owned());
    let pid = i32::try_from(check.0.id()).ok().and_then(Pid::from_raw).expect("a child has a number");
    kill_process(pid, Signal::TERM).expect("nobody has waited for it yet");
    let mut check = check;
    assert_eq!(check.0.wait().expect("it is our child").code(), Some(143));
    eventually(|| compilers().is_empty(), || format!("still there: {:?}", compilers()));
}
