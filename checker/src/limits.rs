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
    expect_room_for(folder, ROOM, "too little to judge on")
}

/// Whether there is room for so many bytes; if not, `lacking` says what that is too little for.
pub fn expect_room_for(folder: &Path, wanted: u64, lacking: &str) -> anyhow::Result<()> {
    match statvfs(folder) {
        Ok(disk) if disk.f_blocks > 0 => enough(folder, disk.f_bavail * disk.f_frsize, wanted, lacking),
        // Where nobody says how much there is, the first write that fails will.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn enough(folder: &Path, left: u64, wanted: u64, lacking: &str) -> anyhow::Result<()> {
    let (folder, shown) = (folder.display(), size(left));
    ensure!(left >= wanted, "the disk of {folder} has {shown} left, {lacking}; make room and check again");
    Ok(())
}

/// Bytes as people read them: `700 KiB`, `12 MiB`, `4.7 GiB`.
pub fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    const GIB: u64 = 1024 * MIB;
    match bytes {
        GIB.. => format!("{:.1} GiB", bytes as f64 / GIB as f64),
        MIB.. => format!("{} MiB", bytes / MIB),
        _ => format!("{} KiB", bytes / KIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_before_its_last_byte_is_taken() {
        assert!(expect_room(Path::new(env!("CARGO_MANIFEST_DIR"))).is_ok(), "a build has just found room here");
        assert!(expect_room(Path::new("nowhere/at/all")).is_ok(), "that is not what is wrong with it");
        let full = |left, wanted, lacking| {
            enough(Path::new("target/worlds"), left, wanted, lacking).expect_err("that is too little").to_string()
        };
        let told = "the disk of target/worlds has 700 KiB left, too little to judge on; make room and check again";
        assert_eq!(full(700 * 1024, ROOM, "too little to judge on"), told);
        let told =
            "the disk of target/worlds has 1.5 GiB left, and ten million posts take 4.7 GiB; make room and check again";
        assert_eq!(full(3 << 29, 5 << 30, "and ten million posts take 4.7 GiB"), told);
        assert!(enough(Path::new("target/worlds"), ROOM, ROOM, "too little to judge on").is_ok());
    }
}
