//! A chapter's gallery: what history did, answers that look right, and right ones unlike ours. Each is an overlay on the
//! solution, with an `entry.toml` that says what it is.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::course::Chapter;

/// An entry, as its folder has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is.
    pub title: String,
    /// Why it looks right and what it misses; of a right one, what differs from ours.
    pub told: String,
    /// Of a wrong one: the gap or baseline promises that fail on it.
    #[serde(default)]
    pub caught_by: Vec<String>,
    /// Files of the solution that it does not have.
    #[serde(default)]
    pub removes: Vec<PathBuf>,
    /// `history`, `wrong/memory_cache`, `right/versioned_key`.
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    pub folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The starter as it was shipped.
    History,
    Wrong,
    Right,
}

impl Entry {
    pub fn kind(&self) -> Kind {
        match self.name.split('/').next() {
            Some("wrong") => Kind::Wrong,
            Some("right") => Kind::Right,
            _ => Kind::History,
        }
    }

    /// The name of its crate and program: `gallery-04-wrong-broadcast`.
    pub fn package(&self, chapter: &Chapter) -> String {
        format!("gallery-{:02}-{}", chapter.number, self.name.replace(['/', '_'], "-"))
    }
}

/// All entries of a chapter: history, then the wrong ones, then the right ones, by name.
pub fn entries(chapter: &Chapter) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    // A chapter that is being written has none yet.
    if chapter.course().join("history").is_dir() {
        entries.push(entry(chapter, "history")?);
    }
    for kind in ["wrong", "right"] {
        let folder = chapter.course().join(kind);
        if !folder.is_dir() {
            continue;
        }
        let mut names = Vec::new();
        for found in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let found = found?;
            if found.file_type()?.is_dir() {
                names.push(format!("{kind}/{}", found.file_name().to_string_lossy()));
            }
        }
        names.sort();
        for name in names {
            entries.push(entry(chapter, &name)?);
        }
    }
    Ok(entries)
}

/// The entry of that name.
pub fn entry(chapter: &Chapter, name: &str) -> anyhow::Result<Entry> {
    let folder = chapter.course().join(name);
    let file = folder.join("entry.toml");
    if Path::new(name).components().any(|part| !matches!(part, std::path::Component::Normal(_))) || !file.is_file() {
        bail!("the gallery of {} has no entry {name}", chapter.folder_name());
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let entry: Entry = toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))?;
    Ok(Entry { name: name.to_owned(), folder, ..entry })
}
