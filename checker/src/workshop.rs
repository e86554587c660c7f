//! Where things are: the repository, the folder of build results, and what is kept in it.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{course::Chapter, stack::Stack};

/// The repository's root. The checker is built where it is used, so this is known when it is compiled.
pub fn root() -> &'static Path {
    // `checker` is a folder of the root.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the manifest's folder has a parent")
}

/// What the checker knows of each chapter besides code.
pub fn course() -> PathBuf {
    root().join("checker/course")
}

/// Cargo's target folder: that of the running program, wherever CARGO_TARGET_DIR has put it.
pub fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("finding the checker's own file")?;
    // target/debug/checker, or target/debug/deps/checker-0123456789abcdef for a test.
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map(Path::to_owned).with_context(|| format!("{} is not in a cargo target folder", program.display()))
}

/// The same, of what is built for this stack.
pub fn target_of(stack: Stack) -> anyhow::Result<PathBuf> {
    Ok(match stack {
        Stack::Embedded => target()?,
        Stack::Servers => target()?.join("servers"),
    })
}

/// Where the programs of chapters, solutions and the gallery are.
pub fn programs(stack: Stack) -> anyhow::Result<PathBuf> {
    Ok(target_of(stack)?.join("debug"))
}

/// The folders of running scenarios, removed when each ends.
pub fn worlds() -> anyhow::Result<PathBuf> {
    Ok(target()?.join("worlds"))
}

/// What the last check of a chapter left: its result, and a folder of evidence for each promise.
pub fn last_check(chapter: &Chapter) -> anyhow::Result<PathBuf> {
    Ok(target()?.join("last-check").join(format!("{:02}", chapter.number)))
}

/// The first check of a learner's chapter that failed: what the pass screen shows as "before".
pub fn first_failure(chapter: &Chapter) -> anyhow::Result<PathBuf> {
    Ok(target()?.join("first-check").join(format!("{:02}.json", chapter.number)))
}
