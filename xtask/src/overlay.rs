//! What an entry of a chapter's gallery is once it is laid over the solution: all the files of a crate, by their bytes.
//! The starter is such an entry, `history`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    course::Chapter,
    folder,
    gallery::{self, ENTRY},
};

/// By the path from the crate's folder.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The learner's notes and the brief are nobody's to compare; each crate has its own.
pub const BRIEF: &str = "README.md";

/// Which of a chapter's crates.
#[derive(Clone, Copy, PartialEq)]
pub enum Which {
    Starter,
    Solution,
}

/// All files of it, as the learner's package and without a README.
pub fn crate_files(root: &Path, chapter: &Chapter, which: Which) -> Result<Files> {
    let solution = chapter.solution_path(root);
    let mut files = read(&solution)?;
    if which == Which::Starter {
        let history = chapter.course_path(root).join("history");
        lay_over(&mut files, &history)?;
    }
    files.remove(Path::new(BRIEF));
    let Some(manifest) = files.get_mut(Path::new("Cargo.toml")) else {
        bail!("{} has no Cargo.toml; `git restore solutions` brings it back", solution.display());
    };
    let text = String::from_utf8(std::mem::take(manifest)).context("a Cargo.toml is not UTF-8")?;
    *manifest = renamed(&text, &chapter.package()).into_bytes();
    Ok(files)
}

/// Every file below a folder.
pub fn read(folder: &Path) -> Result<Files> {
    let read = |file: PathBuf| {
        let path = folder.join(&file);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((file, bytes))
    };
    folder::files(folder)?.into_iter().map(read).collect()
}

fn lay_over(files: &mut Files, entry: &Path) -> Result<()> {
    for removed in gallery::read(&entry.join(ENTRY))?.removes {
        if files.remove(Path::new(&removed)).is_none() {
            bail!("{} removes {removed}, and the solution has no such file", entry.join(ENTRY).display());
        }
    }
    let mut laid = read(entry)?;
    laid.remove(Path::new(ENTRY));
    files.append(&mut laid);
    Ok(())
}

/// A manifest under another package name, which is the first `name` in it.
pub fn renamed(manifest: &str, package: &str) -> String {
    let mut is_next = true;
    let rename = |line: &str| {
        if is_next && line.split('=').next().is_some_and(|key| key.trim() == "name") {
            is_next = false;
            return format!("name = \"{package}\"\n");
        }
        line.to_owned()
    };
    manifest.split_inclusive('\n').map(rename).collect()
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn a_package_is_renamed_and_nothing_else() {
        let manifest = "[package]\nname = \"solution01-a\"\nversion.workspace = true\n\n[[bin]]\nname = \"a\"\n";
        let expected = "[package]\nname = \"ch01-a\"\nversion.workspace = true\n\n[[bin]]\nname = \"a\"\n";
        assert_eq!(renamed(manifest, "ch01-a"), expected);
    }
}
