//! `tidy`: the house rules that a program can check. Each rule is a function from a clone to its findings, so that the
//! tests hold those that are true in a learner's clone as well; what concerns chapters/ is held here alone.

pub mod briefs;
pub mod gallery;
pub mod lineage;
pub mod manifests;
pub mod sources;
pub mod texts;

use std::{
    fmt::{self, Display, Formatter},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result};
use console::style;

use crate::{
    course::Chapter,
    folder,
    repository::{Repository, git},
    screen,
    workshop::Workshop,
};

pub const HELP: &str = "\
It says which file breaks which rule, and how to mend it. Among the rules: chapters/ is as shipped (a clone with your \
own answers breaks that one), solutions differ from starters where chapter.toml says so, briefs and chapter.toml make \
the same promises, and the gallery names what catches each wrong answer.

Exit codes:
  0  nothing to mend
  1  something to mend
  2  the clone could not be read";

/// Something to mend.
#[derive(Debug, PartialEq)]
pub struct Finding {
    /// By its path from the root, with a line's number where there is one.
    pub file: String,
    pub what: String,
    pub mend: String,
}

impl Finding {
    pub fn new(file: impl Display, what: impl Display, mend: impl Display) -> Self {
        Self { file: file.to_string(), what: what.to_string(), mend: mend.to_string() }
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.file, self.what, self.mend)
    }
}

/// What a rule looks at.
pub struct Clone<'a> {
    pub root: &'a Path,
    pub chapters: &'a [Rc<Chapter>],
}

impl Clone<'_> {
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    /// What is or would be committed, by its path from the root. Where there is no git, or the clone is an archive that was
    /// unpacked, everything but what is built and kept.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let listed = git(self.root, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output();
        if let Some(listed) = listed.ok().filter(|output| output.status.success()) {
            let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
            let files = names.split_terminator('\0').map(PathBuf::from).filter(|file| self.root.join(file).is_file());
            let files: Vec<_> = files.collect();
            // An outer repository that ignores this folder lists nothing.
            if !files.is_empty() {
                return Ok(files);
            }
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(self.root).with_context(|| format!("cannot read {}", self.root.display()))? {
            let name = PathBuf::from(entry?.file_name());
            let path = self.root.join(&name);
            if path.is_dir() && !NOT_COMMITTED.iter().any(|other| name == Path::new(other)) {
                files.extend(folder::files(&path)?.into_iter().map(|file| name.join(file)));
            } else if path.is_file() && !name.to_string_lossy().starts_with(".progress.json") {
                files.push(name);
            }
        }
        files.sort();
        Ok(files)
    }
}

/// Folders of the root.
const NOT_COMMITTED: [&str; 3] = [".git", "target", "backups"];

type Rule = fn(&Clone) -> Result<Vec<Finding>>;

const RULES: [(&str, Rule); 9] = [
    ("chapters/ is as shipped", lineage::shipped),
    ("a starter is the solution before it, plus scaffolding", lineage::starters),
    ("a solution differs from its starter in the gap", lineage::solutions),
    ("every promise has three hints", briefs::promises),
    ("brief and chapter.toml make the same promises", briefs::briefs),
    ("the gallery names what catches each wrong answer", gallery::entries),
    ("sources keep the house rules", sources::sources),
    ("versions, lints and licences stand in one place", manifests::manifests),
    ("texts name no machine, and links lead somewhere", texts::texts),
];

pub fn run(workshop: &Workshop) -> Result<u8> {
    let Repository { root, .. } = &workshop.repository;
    let clone = Clone { root, chapters: &workshop.chapters };
    let mut broken = 0;
    for (name, rule) in RULES {
        let findings = rule(&clone)?;
        let state = if findings.is_empty() { style("good").green() } else { style("mend").red() };
        println!("{state}  {name}");
        for Finding { file, what, mend } in &findings {
            println!("      {}", style(file).bold());
            print!("{}", screen::indented(&format!("{what}\n{mend}"), 8));
        }
        broken += findings.len();
    }
    match broken {
        0 => println!("\nNothing to mend."),
        1 => println!("\nOne thing to mend."),
        _ => println!("\n{broken} things to mend."),
    }
    Ok(u8::from(broken > 0))
}
