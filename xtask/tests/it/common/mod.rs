//! A clone of a few files that builds in a second and keeps the house rules: two chapters of a line each, and a checker
//! that only looks like one.

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

[workspace.package]
edition = "2024"
license = "MIT OR Apache-2.0"
rust-version = "1.89"

[workspace.lints]
"#;

pub const WRONG: &str = "//! The site.\n\nfn main() {\n    println!(\"wrong\");\n}\n";
pub const RIGHT: &str = "//! The site.\n\nfn main() {\n    println!(\"right\");\n}\n";

impl Clone {
    pub fn new() -> Self {
        let clone = Self { root: TempDir::with_prefix("clone").unwrap() };
        clone.write("Cargo.toml", WORKSPACE);
        clone.write("README.md", "# A clone\n");
        clone.write("LICENSE-MIT", "MIT License\n");
        clone.write("LICENSE-APACHE", "Apache License\n");
        clone.write(".gitignore", "/target\n/backups\n/.progress.json*\n/Cargo.lock\n");
        clone.write("checker/Cargo.toml", &manifest("checker"));
        clone.write("checker/src/main.rs", include_str!("fake_checker.rs"));
        for (number, slug) in [(1, "first"), (2, "second")] {
            let folder = format!("{number:02}-{slug}");
            clone.write(&format!("chapters/{folder}/Cargo.toml"), &manifest(&format!("ch{folder}")));
            clone.write(&format!("chapters/{folder}/src/main.rs"), WRONG);
            clone.write(&format!("chapters/{folder}/README.md"), &brief(number));
            clone.write(&format!("solutions/{folder}/Cargo.toml"), &manifest(&format!("solution{folder}")));
            clone.write(&format!("solutions/{folder}/src/main.rs"), RIGHT);
            let course = format!("checker/course/{folder}");
            clone.write(&format!("{course}/chapter.toml"), &chapter(number, slug));
            clone.write(&format!("{course}/history/src/main.rs"), WRONG);
            clone.write(
                &format!("{course}/history/entry.toml"),
                "title = \"As it was\"\ntold = \"It was fine then.\"\n",
            );
            let wrong =
                "title = \"A cache\"\ntold = \"It looks right, and is old after a minute.\"\ncaught_by = [\"first\"]\n";
            clone.write(&format!("{course}/wrong/cache/entry.toml"), wrong);
            clone.write(&format!("{course}/wrong/cache/src/main.rs"), &RIGHT.replace("right", "cached"));
            let right = "title = \"A table\"\ntold = \"Slower to write and as right.\"\n";
            clone.write(&format!("{course}/right/table/entry.toml"), right);
            clone.write(&format!("{course}/right/table/src/main.rs"), &RIGHT.replace("site", "table"));
        }
        clone.git(&["init", "--quiet"]);
        clone.commit();
        clone
    }

    pub fn root(&self) -> &Path {
        self.root.path()
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

    /// Replaces words that are there.
    #[track_caller]
    pub fn edit(&self, relative: &str, words: &str, by: &str) {
        let text = self.read(relative);
        assert!(text.contains(words), "{relative} has no `{words}`");
        self.write(relative, &text.replace(words, by));
    }

    pub fn remove(&self, relative: &str) {
        let path = self.path(relative);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
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
        self.run(self.command(args).current_dir(folder))
    }

    /// Not run yet: for a test that changes its environment.
    pub fn command(&self, args: &str) -> Command {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(args.split_whitespace()).current_dir(self.root.path()).stdin(Stdio::null());
        for name in ["CARGO_TARGET_DIR", "CLICOLOR_FORCE", "COLUMNS", "NO_COLOR"] {
            xtask.env_remove(name);
        }
        // How somebody likes their diffs is in there.
        xtask.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        xtask
    }

    pub fn run(&self, command: &mut Command) -> Ran {
        Ran::of(command.output().unwrap())
    }

    /// What is in backups/, by name.
    pub fn backups(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("backups")).into_iter().flatten();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
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

    /// All that somebody reads, and the exit code, with what differs from run to run named instead.
    pub fn page(&self, clone: &Clone) -> String {
        let root = clone.root().display().to_string();
        // How far a build is after a second is this machine's affair.
        let told = self.stderr.lines().filter(|line| !line.starts_with("building "));
        let told: String = told.map(|line| format!("{line}\n")).collect();
        format!("{}{told}-- {}", self.stdout, self.code).replace(&root, "[CLONE]")
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
    format!(
        "[package]\nname = \"{name}\"\nedition.workspace = true\nlicense.workspace = true\n\n[lints]\nworkspace = true\n"
    )
}

fn brief(number: u32) -> String {
    let mut brief = format!("# {number:02} · Somebody noticed.\n\n*2004 · 45 minutes*\n\n");
    brief.push_str("## The incident\n\nIt went live.\n\n## What there is\n\nNothing came before.\n\n");
    brief.push_str("## Promises\n\n1. The first promise.\n   It is explained here.\n2. One more.\n\nAs before:\n\n");
    brief.push_str("- A guard.\n\n## Files to open\n\n- `src/main.rs`\n");
    brief
}

fn chapter(number: u32, slug: &str) -> String {
    let changed = if number == 1 { "" } else { "\"src/main.rs\"" };
    format!(
        r#"number = {number}
slug = "{slug}"
title = "Somebody noticed."
era = "2004"
minutes = 45
incident = """It went live.
And then it broke."""
question = "What breaks next?"
figure = "847 users"
gap = ["src/main.rs"]
changed = [{changed}]
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
