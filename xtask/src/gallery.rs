//! `gallery`: answers that others gave, and what caught them.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use console::style;
use serde::Deserialize;

use crate::{course::Chapter, screen::indented, workshop::Workshop};

const HELP: &str = "\
It opens when the chapter is done.

Examples:
  cargo xtask gallery 02
  cargo xtask gallery 02 --spoil

Exit codes:
  0  shown
  2  the chapter is not done yet, or there is no such chapter";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Gallery {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    chapter: Option<String>,
    /// Before you have passed, too.
    #[arg(long)]
    spoil: bool,
}

/// The name of the file that describes an entry.
pub const ENTRY: &str = "entry.toml";

/// What it says.
#[derive(Deserialize)]
pub struct Entry {
    pub title: String,
    pub told: String,
    #[serde(default)]
    pub caught_by: Vec<String>,
    /// Files of the solution that this one does not have.
    #[serde(default)]
    pub removes: Vec<String>,
    #[serde(skip)]
    pub slug: String,
}

impl Gallery {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        if !self.spoil && !workshop.progress.is_done(&chapter) {
            let number = chapter.number();
            bail!("the gallery of {number} opens once it is done (`cargo xtask check {number}`), or with --spoil");
        }
        let root = &workshop.repository.root;
        let mut shown = 0;
        for (kind, heading) in [("wrong", "Answers that look right"), ("right", "Right answers unlike ours")] {
            let entries = entries(&chapter, root, kind)?;
            if !entries.is_empty() {
                println!("\n{}\n", style(format!("{}  {heading}", chapter.number())).bold());
            }
            for entry in entries {
                shown += 1;
                println!("  {}  {}", entry.title, style(format!("{kind}/{}", entry.slug)).dim());
                print!("{}", indented(&entry.told, 6));
                for name in &entry.caught_by {
                    print!("{}", indented(&caught_by(&chapter, name), 6));
                }
                println!();
            }
        }
        match shown {
            0 => println!("Nobody has added an answer to {} yet; CONTRIBUTING.md says how.", chapter.number()),
            _ => println!("The code of each: checker/course/{}", chapter.folder()),
        }
        Ok(0)
    }
}

/// The promise that fails on it: its number in the brief, and what it says. What worked before has no number.
fn caught_by(chapter: &Chapter, name: &str) -> String {
    let Some(promise) = chapter.promise(name) else { return format!("caught by: {name}") };
    match chapter.number_of(promise) {
        Some(number) => format!("caught by {number}: {}", promise.text),
        None => format!("caught by: {}", promise.text),
    }
}

/// The entries of one kind, by name.
pub fn entries(chapter: &Chapter, root: &Path, kind: &str) -> Result<Vec<Entry>> {
    let folder = chapter.course_path(root).join(kind);
    let mut entries = Vec::new();
    if !folder.is_dir() {
        return Ok(entries);
    }
    for found in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let found = found?;
        if found.file_type()?.is_dir() {
            let slug = found.file_name().to_string_lossy().into_owned();
            entries.push(Entry { slug, ..read(&found.path().join(ENTRY))? });
        }
    }
    entries.sort_by(|one, other| one.slug.cmp(&other.slug));
    Ok(entries)
}

pub fn read(file: &Path) -> Result<Entry> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).map_err(|error| anyhow!("{} does not say what an entry must: {error}", file.display()))
}
