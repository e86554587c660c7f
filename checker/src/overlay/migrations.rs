//! What a crate needs to be built for a MySQL: each of its migrations in MySQL's words, too.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::bail;

use super::{Files, read_into};
use crate::{course::Chapter, stack::Stack};

const SQLITE: &str = "migrations/sqlite";
const MYSQL: &str = "migrations/mysql";

/// Whether the chapter is there for this stack.
pub fn expect_runs_on(chapter: &Chapter, stack: Stack) -> anyhow::Result<()> {
    let mut files = Files::new();
    read_into(&mut files, &chapter.solution(), Path::new("migrations"))?;
    match lacking(&files).filter(|_| stack == Stack::Servers) {
        Some(lacking) => bail!("solutions/{} is not there yet for it: {lacking}", chapter.folder_name()),
        None => Ok(()),
    }
}

/// A sentence about those that are missing.
pub fn lacking(files: &Files) -> Option<String> {
    let names = |folder: &str| -> BTreeSet<PathBuf> {
        files.keys().filter_map(|place| place.strip_prefix(folder).ok()).map(Path::to_owned).collect()
    };
    let missing: Vec<_> = names(SQLITE).difference(&names(MYSQL)).map(|name| name.display().to_string()).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the stack `servers` runs on MySQL, and {MYSQL} lacks {}: write the same in MySQL's words there; the stack \
             `embedded` needs {SQLITE} alone",
            missing.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let files = |places: &[&str]| places.iter().map(|place| (PathBuf::from(place), Vec::new())).collect::<Files>();
        assert_eq!(lacking(&files(&["migrations/sqlite/1_user.sql", "migrations/mysql/1_user.sql"])), None);
        assert_eq!(lacking(&files(&["migrations/mysql/2_more.sql"])), None);
        let told = lacking(&files(&[
            "migrations/sqlite/1_user.sql",
            "migrations/sqlite/2_post.sql",
            "migrations/mysql/1_user.sql",
        ]));
        assert!(told.is_some_and(|told| told.contains("migrations/mysql lacks 2_post.sql:")));
    }
}
