//! Files of a crate, laid into a folder: only what differs is written, so that what has not changed is not compiled again.

use std::{fs, path::Path};

use anyhow::Context;

use super::{Files, read_into};

/// Makes a folder hold exactly these files, without touching those that are right already.
pub fn write_changes(folder: &Path, files: &Files) -> anyhow::Result<()> {
    let mut there = Files::new();
    read_into(&mut there, folder, Path::new(""))?;
    for place in there.keys().filter(|place| !files.contains_key(*place)) {
        let file = folder.join(place);
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    for (place, bytes) in files.iter().filter(|(place, bytes)| there.get(*place) != Some(*bytes)) {
        let file = folder.join(place);
        fs::create_dir_all(file.parent().unwrap_or(folder)).with_context(|| format!("making {}", folder.display()))?;
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

pub fn write_changed(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(file).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
}
