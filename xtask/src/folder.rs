//! Whole folders: copied by bytes, compared, and put in a chapter's place without ever losing what was there.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};

use crate::{
    course::Chapter,
    overlay::{self, BRIEF, Which},
    repository::Repository,
    workshop::Workshop,
};

/// Writes one of a chapter's crates as the learner's package in target/, with the brief that the learner has.
pub fn lay(workshop: &Workshop, chapter: &Chapter, which: Which) -> Result<PathBuf> {
    let repository = &workshop.repository;
    let name = if which == Which::Starter { "starter" } else { "solution" };
    let laid = repository.target.join("laid").join(chapter.number()).join(name);
    if laid.exists() {
        fs::remove_dir_all(&laid).with_context(|| format!("cannot replace {}", laid.display()))?;
    }
    let mut files = overlay::crate_files(&repository.root, chapter, which)?;
    let brief = fs::read(chapter.path(&repository.root).join(BRIEF)).ok().or_else(|| committed(repository, chapter));
    files.extend(brief.map(|brief| (PathBuf::from(BRIEF), brief)));
    for (file, bytes) in files {
        write(&laid.join(file), &bytes)?;
    }
    Ok(laid)
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let parent = file.parent().expect("a file in a folder has a parent");
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(file, bytes))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The brief as it was committed last, for a chapter whose folder is gone; from before, if that was committed too.
fn committed(repository: &Repository, chapter: &Chapter) -> Option<Vec<u8>> {
    let brief = format!("chapters/{}/{BRIEF}", chapter.folder());
    let last = repository.git(["rev-list", "-1", "HEAD", "--", &brief]).output().ok()?;
    let last = String::from_utf8(last.stdout).ok()?;
    [last.trim().to_owned(), format!("{}^", last.trim())].into_iter().find_map(|commit| {
        let shown = repository.git(["show", &format!("{commit}:{brief}")]).output().ok()?;
        shown.status.success().then_some(shown.stdout)
    })
}

/// What happened to a chapter's folder.
pub enum Laid {
    /// It was this already, byte for byte.
    Same,
    /// There was none.
    New,
    /// What was there is whole in this folder; some of it was in no commit, or all was.
    Kept { backup: PathBuf, uncommitted: bool },
}

/// Makes a chapter's folder one of its crates. The backup is whole before anything is replaced.
pub fn replace_chapter(workshop: &Workshop, chapter: &Chapter, which: Which) -> Result<Laid> {
    let repository = &workshop.repository;
    let laid = lay(workshop, chapter, which)?;
    let folder = chapter.path(&repository.root);
    if !folder.exists() {
        make_equal(&laid, &folder)?;
        return Ok(Laid::New);
    }
    if is_same(&laid, &folder)? {
        return Ok(Laid::Same);
    }
    let status = repository.git(["status", "--porcelain", "--"]).arg(&folder).output();
    let uncommitted = status.is_ok_and(|output| !output.stdout.is_empty());
    let backup = back_up(&repository.root, &folder, &chapter.folder())?;
    make_equal(&laid, &folder)
        .with_context(|| format!("stopped half-way; what was there is whole in {}", repository.relative(&backup)))?;
    Ok(Laid::Kept { backup, uncommitted })
}

impl Laid {
    /// Says where the learner's work is now.
    pub fn tell(&self, repository: &Repository) {
        if let Self::Kept { backup, uncommitted } = self {
            let also = if *uncommitted { ", changes that were in no commit too" } else { "" };
            println!("what was there is kept in {}{also}", repository.relative(backup));
        }
    }
}

/// Copies beside its final name first: a folder of that name is a whole one.
fn back_up(root: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let backups = root.join("backups");
    let partial = backups.join(".partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let dated = format!("{name}-{}", date(now));
    let free = |count: &u32| !backups.join(with_count(&dated, *count)).exists();
    let count = (1..).find(free).expect("there are more numbers than folders");
    let backup = backups.join(with_count(&dated, count));
    copy(folder, &partial)
        .and_then(|()| fs::rename(&partial, &backup))
        .with_context(|| format!("cannot back up to {}; nothing was replaced", backup.display()))?;
    Ok(backup)
}

fn with_count(name: &str, count: u32) -> String {
    if count == 1 { name.to_owned() } else { format!("{name}-{count}") }
}

/// `2007-08-14-024701`, in UTC (days to a date as in Howard Hinnant's civil_from_days).
fn date(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}-{:02}{:02}{:02}", time / 3_600, time / 60 % 60, time % 60)
}

/// Makes `folder` hold what `model` holds and nothing else. Files that are equal are left alone, so that cargo rebuilds
/// only what changed; the folder itself stays, so that a shell or an editor in it does.
fn make_equal(model: &Path, folder: &Path) -> Result<()> {
    let wanted = files(model)?;
    for file in files(folder).unwrap_or_default().difference(&wanted) {
        fs::remove_file(folder.join(file)).with_context(|| format!("cannot remove {}", folder.join(file).display()))?;
    }
    for file in &wanted {
        let (from, to) = (model.join(file), folder.join(file));
        if fs::read(&from).ok() != fs::read(&to).ok() {
            let parent = to.parent().expect("a file in a folder has a parent");
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

pub fn is_same(one: &Path, other: &Path) -> Result<bool> {
    let names = files(one)?;
    Ok(names == files(other)?
        && names.iter().all(|file| fs::read(one.join(file)).ok() == fs::read(other.join(file)).ok()))
}

/// Every file below, by its path from the folder.
pub fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(folder)?.to_path_buf());
            }
        }
    }
    Ok(found)
}

/// Bytes, not links: what the learner does to one later must not reach the other. A link is kept as one only where there
/// is no file behind it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &copied)?;
        } else if source.is_file() {
            fs::copy(&source, &copied)?;
        } else if entry.file_type()?.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &copied)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_dated() {
        assert_eq!(date(1_187_059_621), "2007-08-14-024701");
        assert_eq!(date(951_782_400), "2000-02-29-000000");
        assert_eq!(date(1_798_761_599), "2026-12-31-235959");
    }

    #[test]
    fn a_backup_holds_every_byte_and_a_second_one_its_own_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("chapter");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("src/main.rs"), "mine").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("dangling")).unwrap();
        let first = back_up(root.path(), &folder, "04").unwrap();
        let second = back_up(root.path(), &folder, "04").unwrap();
        assert_ne!(first, second);
        fs::write(folder.join("src/main.rs"), "changed").unwrap();
        assert_eq!(fs::read_to_string(second.join("src/main.rs")).unwrap(), "mine");
        assert_eq!(fs::read_link(first.join("dangling")).unwrap(), Path::new("nowhere"));
    }

    #[test]
    fn a_folder_becomes_equal_to_its_model() {
        let root = tempfile::tempdir().unwrap();
        let (model, folder) = (root.path().join("model"), root.path().join("folder"));
        for (file, text) in [("model/src/a.rs", "a"), ("folder/src/a.rs", "b"), ("folder/extra/b.rs", "c")] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        make_equal(&model, &folder).unwrap();
        assert!(is_same(&model, &folder).unwrap());
    }
}
