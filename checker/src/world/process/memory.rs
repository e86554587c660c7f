//! The memory of a process: its peak, and an end before it takes the learner's machine down.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep_until};

use crate::world::site::SiteBuilder;

const MIB: u64 = 1024 * 1024;

/// A process that grows beyond this is ended: leaking must not take the learner's machine down.
const LIMIT: u64 = 1024 * MIB;
/// And as much for each core: a program may hash a password on each of them, at 19 MiB.
const LIMIT_PER_CORE: u64 = 32 * MIB;

/// Blocks from 1 MiB on go back to the system when they are freed.
const GIVE_BACK_FROM: &str = "1048576";

const SAMPLE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub struct Memory {
    peak: AtomicU64,
    /// Set when it was ended for it.
    exceeded: AtomicU64,
}

impl SiteBuilder<'_> {
    /// Memory that is freed goes back to the system. Otherwise glibc keeps some 100 MiB for each thread that has ever hashed,
    /// and how much a program uses cannot be told from how much its allocator remembers.
    pub fn memory_comes_back(self) -> Self {
        self.with("MALLOC_MMAP_THRESHOLD_", GIVE_BACK_FROM)
    }
}

impl Memory {
    /// Ends the process and what it started, should it grow beyond the limit.
    pub async fn watch(&self, pid: Pid) {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let limit = LIMIT + cores * LIMIT_PER_CORE;
        let mut next = Instant::now();
        loop {
            next += SAMPLE;
            sleep_until(next).await;
            let Some(bytes) = resident(pid) else { return };
            self.peak.fetch_max(bytes, Ordering::Relaxed);
            if bytes > limit {
                self.exceeded.store(bytes, Ordering::Relaxed);
                _ = kill_process_group(pid, Signal::KILL);
                return;
            }
        }
    }

    /// The most that the process has held, in bytes.
    pub fn peak(&self, pid: Pid) -> u64 {
        let known = high_water_mark(pid).or_else(|| resident(pid)).unwrap_or(0);
        self.peak.fetch_max(known, Ordering::Relaxed).max(known)
    }

    /// What it held when it was ended for it, in MiB.
    pub fn exceeded(&self) -> Option<u64> {
        let exceeded = self.exceeded.load(Ordering::Relaxed);
        (exceeded > 0).then_some(exceeded / MIB)
    }
}

/// Resident memory in bytes.
#[cfg(target_os = "linux")]
pub fn resident(pid: Pid) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_pid())).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

/// The high-water mark that the system keeps, in bytes; samples would miss what lasts for milliseconds.
#[cfg(target_os = "linux")]
fn high_water_mark(pid: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).ok()?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(mark.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// There is none that others can ask for; the samples have to do.
#[cfg(not(target_os = "linux"))]
fn high_water_mark(_pid: Pid) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub fn resident(pid: Pid) -> Option<u64> {
    let pid = pid.as_raw_pid().to_string();
    let ps = std::process::Command::new("ps").args(["-o", "rss=", "-p", &pid]).output().ok()?;
    let kibibytes: u64 = String::from_utf8(ps.stdout).ok()?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
