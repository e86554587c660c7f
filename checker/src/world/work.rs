//! How much a process has computed: the one thing that shows from outside that a request has reached its handler.

use std::time::{Duration, Instant};

use super::{World, process::Process, site::Server};

/// What the figures may be short of.
const STEP: Duration = if cfg!(target_os = "linux") { Duration::ZERO } else { Duration::from_millis(10) };

impl Process {
    /// The processor time that it has used; `None` where the system does not tell.
    pub fn work(&self) -> Option<Duration> {
        work(self.pid())
    }
}

impl World {
    /// Waits until a server has used as much processor time as this since it had used `before`: then what it was given
    /// to do has begun. Where that cannot be seen, waits for `limit` instead.
    pub async fn until_it_works(&self, server: &Server, before: Option<Duration>, cost: Duration, limit: Duration) {
        let process = server.process();
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let (Some(before), Some(now)) = (before, process.work())
                && now >= before + cost + STEP
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl World {
    /// Waits until a server has nothing to compute any more: everything that was sent to it has reached the place where
    /// it waits. After `limit` in any case, and where that cannot be seen.
    pub async fn until_it_rests(&self, server: &Server, limit: Duration) {
        // Where figures are coarse, a look has to be a long one.
        const LOOK: Duration =
            if cfg!(target_os = "linux") { Duration::from_millis(5) } else { Duration::from_millis(20) };
        /// So many looks in a row.
        const LOOKS: usize = 3;
        /// Timers tick also while nothing happens.
        const NEXT_TO_NOTHING: Duration = Duration::from_micros(500);
        let process = server.process();
        let deadline = Instant::now() + limit;
        let (mut before, mut resting) = (process.work(), 0);
        while resting < LOOKS && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
            let now = process.work();
            let used = before.zip(now).map(|(before, now)| now.saturating_sub(before));
            // Whoever waits for a core or for the disk uses none, and does not rest.
            let rests = used.is_some_and(|used| used < NEXT_TO_NOTHING) && !has_more_to_do(process.pid());
            resting = if rests { resting + 1 } else { 0 };
            before = now;
        }
    }
}

/// In nanoseconds, of each thread; a thread that is running now may have used some milliseconds more.
#[cfg(target_os = "linux")]
fn work(pid: i32) -> Option<Duration> {
    let mut total = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        // It may have ended since it was listed.
        let Ok(text) = std::fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        total += Duration::from_nanos(text.split_ascii_whitespace().next()?.parse().ok()?);
    }
    Some(total)
}

/// Whether one of its threads runs, or would if a core were free or the disk were quicker.
#[cfg(target_os = "linux")]
fn has_more_to_do(pid: i32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    // `4242 (a name) R …`
    stats.filter_map(|stat| stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with(['R', 'D']))).any(|has| has)
}

#[cfg(not(target_os = "linux"))]
fn has_more_to_do(_pid: i32) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn work(pid: i32) -> Option<Duration> {
    let ps = std::process::Command::new("ps").args(["-o", "time=", "-p", &pid.to_string()]).output().ok()?;
    // `0:00.02`, `1:02:03.04`
    let text = String::from_utf8(ps.stdout).ok()?;
    let mut seconds = 0.0;
    for part in text.trim().split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(Duration::from_secs_f64(seconds))
}
