//! What this process and this machine have less of than the work needs: open files, room on the disk.

use std::path::Path;

use anyhow::ensure;
use rustix::{
    fs::statvfs,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// A check's databases and logs take about 2 MiB; a program that finds the disk full fails in ways that are not its own.
const ROOM: u64 = 8 * 1024 * 1024;

/// Crowds are many sockets. A shell's usual 1,024 (256 on macOS) may be raised by anybody up to the hard limit.
pub fn raise_open_files() {
    /// More than any scenario needs; macOS refuses a larger number than its own limit.
    const ENOUGH: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    if limit.current.is_some_and(|current| current < wanted) {
        // Where even this is refused, the scenario that runs out of sockets says so.
        _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}

/// How many files and sockets this process may have open.
pub fn open_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Whether there is room to judge in this folder.
pub fn expect_room(folder: &Path) -> anyhow::Result<()> {
    match statvfs(folder) {
        Ok(disk) if disk.f_blocks > 0 => enough(folder, disk.f_bavail * disk.f_frsize),
        // Where nobody says how much there is, the first write that fails will.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn enough(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    let (folder, left) = (folder.display(), bytes / 1024);
    ensure!(
        bytes >= ROOM,
        "the disk of {folder} has {left} KiB left, too little to judge on; make room and check again"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_before_its_last_byte_is_taken() {
        assert!(expect_room(Path::new(env!("CARGO_MANIFEST_DIR"))).is_ok(), "a build has just found room here");
        assert!(expect_room(Path::new("nowhere/at/all")).is_ok(), "that is not what is wrong with it");
        let full = enough(Path::new("target/worlds"), 700 * 1024).expect_err("0.7 MiB are too few");
        let told = "the disk of target/worlds has 700 KiB left, too little to judge on; make room and check again";
        assert_eq!(full.to_string(), told);
    }
}
