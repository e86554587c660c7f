//! The gallery: what an entry has to say, and that it changes something.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{Clone, Finding};
use crate::{
    course::{Chapter, Kind},
    gallery::{self, ENTRY, Entry},
    overlay,
};

pub fn entries(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for chapter in clone.chapters {
        let course = chapter.course_path(clone.root);
        let mut folders = vec![("history", course.join("history"))];
        for kind in ["wrong", "right"] {
            let folder = course.join(kind);
            if folder.is_dir() {
                let listed = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
                let mut listed = listed.map(|entry| Ok((kind, entry?.path()))).collect::<Result<Vec<_>>>()?;
                listed.sort();
                folders.append(&mut listed);
            }
        }
        for (kind, folder) in folders {
            let file = clone.relative(&folder.join(ENTRY));
            if !folder.join(ENTRY).is_file() {
                findings.push(Finding::new(
                    file,
                    "is missing",
                    "write it with `title` and `told`, see CONTRIBUTING.md",
                ));
                continue;
            }
            let said = match gallery::read(&folder.join(ENTRY)) {
                Ok(entry) => entry_says(chapter, kind, &entry),
                Err(error) => vec![(format!("{error:#}"), "write what CONTRIBUTING.md says of an entry".to_owned())],
            };
            findings.extend(said.into_iter().map(|(what, mend)| Finding::new(&file, what, mend)));
            if chapter.solution_path(clone.root).is_dir() {
                findings.extend(changes(clone, chapter, &folder)?);
            }
        }
    }
    Ok(findings)
}

fn entry_says(chapter: &Chapter, kind: &str, entry: &Entry) -> Vec<(String, String)> {
    let mut findings = Vec::new();
    let mut finding = |what: &str, mend: &str| findings.push((what.to_owned(), mend.to_owned()));
    if entry.title.trim().is_empty() {
        finding("has no title", "a title names the idea in a few words");
    }
    if entry.told.trim().is_empty() {
        finding("tells nothing", "`told` says why it looks right, and what it misses or does otherwise");
    }
    if kind == "wrong" && entry.caught_by.is_empty() {
        finding(
            "says of no promise that it catches this",
            "name it in `caught_by`; without one the chapter lacks a promise",
        );
    }
    if kind != "wrong" && !entry.caught_by.is_empty() {
        finding("is caught, and is no wrong answer", "strike `caught_by`, or move the entry to wrong/");
    }
    for name in &entry.caught_by {
        match chapter.promise(name).map(|promise| promise.kind) {
            Some(Kind::Gap | Kind::Baseline) => {}
            Some(Kind::Deep) => finding(
                &format!("is caught by `{name}`, which is deep"),
                "a wrong answer must not reach done: name a gap or baseline promise",
            ),
            None => finding(
                &format!("is caught by `{name}`, a promise that chapter {} does not make", chapter.number()),
                "use a name out of chapter.toml",
            ),
        }
    }
    findings
}

/// An overlay holds what differs from the solution, and only that.
fn changes(clone: &Clone, chapter: &Chapter, folder: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let solution = chapter.solution_path(clone.root);
    let mut laid = overlay::read(folder)?;
    laid.remove(Path::new(ENTRY));
    for (file, bytes) in &laid {
        if fs::read(solution.join(file)).is_ok_and(|there| there == *bytes) {
            let path = clone.relative(&folder.join(file));
            findings.push(Finding::new(path, "is as in the solution", "remove it: an overlay holds what differs"));
        }
    }
    let removes = gallery::read(&folder.join(ENTRY)).map(|entry| entry.removes).unwrap_or_default();
    for file in removes.iter().filter(|file| !solution.join(file).is_file()) {
        let path = clone.relative(&folder.join(ENTRY));
        findings.push(Finding::new(path, format!("removes {file}, which the solution does not have"), "strike it"));
    }
    if laid.is_empty() && removes.is_empty() {
        let path = clone.relative(folder);
        findings.push(Finding::new(path, "changes nothing in the solution", "put the files in it that differ"));
    }
    Ok(findings)
}
