//! What each crate has in common with the one it comes from, byte for byte. The README and the package's name are its own.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{Clone, Finding};
use crate::{
    course::Chapter,
    overlay::{self, BRIEF, Files, Which},
};

/// chapters/NN is the solution with `history` laid over it.
pub fn shipped(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for chapter in clone.chapters {
        let folder = chapter.path(clone.root);
        if !folder.is_dir() {
            findings.push(missing(clone, &folder, "write it, or `git restore chapters`"));
        } else if chapter.solution_path(clone.root).is_dir() {
            let starter = overlay::crate_files(clone.root, chapter, Which::Starter)?;
            let mut there = overlay::read(&folder)?;
            there.remove(Path::new(BRIEF));
            findings.extend(different(&starter, &there).into_iter().map(|(file, how)| {
                let history = clone.relative(&chapter.course_path(clone.root).join("history"));
                Finding::new(
                    clone.relative(&folder.join(&file)),
                    format!("{} the solution with history over it", how.said()),
                    format!(
                        "change what is meant in solutions/{} or {history}, then `cargo xtask reset {}`",
                        chapter.folder(),
                        chapter.number()
                    ),
                )
            }));
        }
    }
    Ok(findings)
}

/// A starter is the solution before it, but for the files that `changed` lists and new ones.
pub fn starters(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for pair in clone.chapters.windows(2) {
        let (before, chapter) = (&pair[0], &pair[1]);
        if !before.solution_path(clone.root).is_dir() || !chapter.solution_path(clone.root).is_dir() {
            continue;
        }
        let mut old = overlay::crate_files(clone.root, before, Which::Solution)?;
        same_package(&mut old, chapter);
        let new = overlay::crate_files(clone.root, chapter, Which::Starter)?;
        let changes = different(&old, &new);
        let listed: BTreeSet<_> = chapter.changed.iter().map(PathBuf::from).collect();
        for (file, how) in changes.iter().filter(|(file, how)| *how != How::Added && !listed.contains(file)) {
            findings.push(Finding::new(
                format!("starter {}: {}", chapter.number(), file.display()),
                format!("{} solutions/{}", how.said(), before.folder()),
                format!("carry the change through both, or list the file in `changed` of {}", toml_of(clone, chapter)),
            ));
        }
        let moved: BTreeSet<_> =
            changes.into_iter().filter(|(_, how)| *how != How::Added).map(|(file, _)| file).collect();
        for file in listed.difference(&moved) {
            findings.push(Finding::new(
                toml_of(clone, chapter),
                format!("`changed` lists {}, which is as in solutions/{}", file.display(), before.folder()),
                "take it off the list",
            ));
        }
    }
    Ok(findings)
}

/// A solution is its starter, but for the files of the gap and new ones.
pub fn solutions(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for chapter in clone.chapters {
        let folder = chapter.solution_path(clone.root);
        if !folder.is_dir() {
            findings.push(missing(clone, &folder, "write it, or `git restore solutions`"));
            continue;
        }
        let starter = overlay::crate_files(clone.root, chapter, Which::Starter)?;
        let solution = overlay::crate_files(clone.root, chapter, Which::Solution)?;
        let gap: BTreeSet<_> = chapter.gap.iter().map(PathBuf::from).collect();
        let changes = different(&starter, &solution);
        for (file, how) in changes.iter().filter(|(file, how)| *how != How::Added && !gap.contains(file)) {
            findings.push(Finding::new(
                clone.relative(&folder.join(file)),
                format!("{} the starter, and the brief does not send anybody there", how.said()),
                format!("make them equal, or name the file in the brief and in `gap` of {}", toml_of(clone, chapter)),
            ));
        }
        let moved: BTreeSet<_> = changes.into_iter().map(|(file, _)| file).collect();
        for file in gap.difference(&moved) {
            findings.push(Finding::new(
                toml_of(clone, chapter),
                format!("`gap` lists {}, which the solution does not change", file.display()),
                "take it off the list, and out of the brief",
            ));
        }
    }
    Ok(findings)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Changed,
    Removed,
    Added,
}

impl How {
    fn said(self) -> &'static str {
        match self {
            Self::Changed => "is not as in",
            Self::Removed => "is missing, and is there in",
            Self::Added => "is there, and is not in",
        }
    }
}

/// What happened from one to the other.
fn different(from: &Files, to: &Files) -> Vec<(PathBuf, How)> {
    let names: BTreeSet<_> = from.keys().chain(to.keys()).collect();
    let how = |file: &PathBuf| match (from.get(file), to.get(file)) {
        (Some(from), Some(to)) => (from != to).then_some(How::Changed),
        (Some(_), None) => Some(How::Removed),
        (None, _) => Some(How::Added),
    };
    names.into_iter().filter_map(|file| Some((file.clone(), how(file)?))).collect()
}

fn same_package(files: &mut Files, chapter: &Chapter) {
    if let Some(manifest) = files.get_mut(Path::new("Cargo.toml")) {
        *manifest = overlay::renamed(&String::from_utf8_lossy(manifest), &chapter.package()).into_bytes();
    }
}

fn missing(clone: &Clone, folder: &Path, mend: &str) -> Finding {
    Finding::new(clone.relative(folder), "is missing", mend)
}

fn toml_of(clone: &Clone, chapter: &Chapter) -> String {
    clone.relative(&chapter.course_path(clone.root).join("chapter.toml"))
}
