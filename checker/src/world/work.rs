//! How much a process has computed: the one thing that shows from outside that a request has reached its handler.

use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::{World, process::Process, site::Server};

/// The system counts in steps of this.
const STEP: Duration = Duration::from_millis(10);

impl Process {
    /// The processor time that it has used, in steps of 10 ms; `None` where the system does not tell.
    pub fn work(&self) -> Option<Duration> {
        work(Pid::from_raw(self.pid())?)
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
                && now >= before + cost.max(STEP)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[cfg(target_os = "linux")]
fn work(pid: Pid) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    // The name of the program may have spaces in it; what follows its bracket has none. utime and stime are 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let ticks = next()? + next()?;
    Some(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

#[cfg(not(target_os = "linux"))]
fn work(pid: Pid) -> Option<Duration> {
    let pid = pid.as_raw_pid().to_string();
    let ps = std::process::Command::new("ps").args(["-o", "time=", "-p", &pid]).output().ok()?;
    // `0:00.02`, `1:02:03.04`
    let text = String::from_utf8(ps.stdout).ok()?;
    let mut seconds = 0.0;
    for part in text.trim().split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(Duration::from_secs_f64(seconds))
}
