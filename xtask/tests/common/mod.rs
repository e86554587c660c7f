//! A clone of a few files that builds in a second: two chapters of one line, and a checker that only looks like one.
// What is called by tests only is a test, which clippy cannot see.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

pub struct Clone {
    root: TempDir,
}

const WORKSPACE: &str = r#"[workspace]
resolver = "3"
members = ["checker", "chapters/*", "solutions/*"]
"#;

const README: &str = r#"# 01 First

## The incident

It went live.

## What changed

Nothing came before.

## Promises

1. The first promise.
2. One more.

- A guard.
"#;

impl Clone {
    pub fn new() -> Self {
        let clone = Self { root: TempDir::with_prefix("clone").unwrap() };
        clone.write("Cargo.toml", WORKSPACE);
        clone.write("README.md", "# A clone\n");
        clone.write(".gitignore", "/target\n/backups\n/.progress.json*\n/Cargo.lock\n");
        clone.write("checker/Cargo.toml", &manifest("checker"));
        clone.write("checker/src/main.rs", include_str!("fake_checker.rs"));
        for (number, slug) in [(1, "first"), (2, "second")] {
            let folder = format!("{number:02}-{slug}");
            clone.write(&format!("chapters/{folder}/Cargo.toml"), &manifest(&format!("ch{folder}")));
            clone.write(&format!("chapters/{folder}/src/main.rs"), "fn main() {\n    println!(\"wrong\");\n}\n");
            clone.write(&format!("chapters/{folder}/README.md"), README);
            clone.write(&format!("solutions/{folder}/Cargo.toml"), &manifest(&format!("solution{folder}")));
            clone.write(&format!("solutions/{folder}/src/main.rs"), "fn main() {\n    println!(\"right\");\n}\n");
            clone.write(&format!("checker/course/{folder}/chapter.toml"), &chapter(number, slug));
            clone.write(
                &format!("checker/course/{folder}/history/src/main.rs"),
                "fn main() {\n    println!(\"wrong\");\n}\n",
            );
            let history = "title = \"As it was\"\ntold = \"It was fine then.\"\n";
            clone.write(&format!("checker/course/{folder}/history/entry.toml"), history);
            let wrong = "title = \"A cache\"\ntold = \"It looks right.\"\ncaught_by = [\"first\"]\n";
            clone.write(&format!("checker/course/{folder}/wrong/cache/entry.toml"), wrong);
        }
        clone.git(&["init", "--quiet"]);
        clone.commit();
        clone
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    pub fn commit(&self) {
        self.git(&["add", "--all"]);
        let who = ["-c", "user.name=Hope", "-c", "user.email=hope@example.com"];
        self.git(&[&who[..], &["commit", "--quiet", "--message=All"]].concat());
    }

    fn git(&self, args: &[&str]) {
        assert!(Command::new("git").args(args).current_dir(self.root.path()).status().unwrap().success());
    }

    /// Runs xtask at the clone's root.
    pub fn xtask(&self, args: &str) -> Ran {
        self.xtask_in(self.root.path(), args)
    }

    pub fn xtask_in(&self, folder: &Path, args: &str) -> Ran {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(args.split_whitespace()).current_dir(folder).stdin(Stdio::null()).env_remove("CARGO_TARGET_DIR");
        Ran::of(xtask.output().unwrap())
    }
}

/// What a run said and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code, and that it says all of these words somewhere.
    #[track_caller]
    pub fn ends(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        for word in words {
            assert!(self.stdout.contains(word) || self.stderr.contains(word), "`{word}` is missing in {self:#?}");
        }
    }
}

fn manifest(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n")
}

fn chapter(number: u32, slug: &str) -> String {
    format!(
        r#"number = {number}
slug = "{slug}"
title = "Chapter {slug}"
era = "2004"
minutes = 45
incident = """It went live.
And then it broke."""
question = "What breaks next?"
figure = "847 users"
gap = ["src/main.rs"]
[[promise]]
name = "first"
kind = "gap"
points = 3
text = "The first promise."
hints = ["a nudge", "the idea", "the shape"]
[[promise]]
name = "guard"
kind = "baseline"
text = "A guard."
hints = ["guard nudge", "guard idea", "guard shape"]
[[promise]]
name = "extra"
kind = "deep"
points = 2
text = "One more."
hints = ["x", "y", "z"]
"#
    )
}
