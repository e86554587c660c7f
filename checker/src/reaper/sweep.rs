//! Finds and ends the processes of a run, until none is left.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, getpid};

use super::processes::{self, Process};

/// Between two looks. What is being born while one is taken is found by the next.
const PAUSE: Duration = Duration::from_millis(20);

/// SIGKILL takes effect in microseconds, and on a stuck disk not at all.
const LIMIT: Duration = Duration::from_secs(10);

/// What is known of the processes of a run.
pub struct Hunt {
    run: String,
    groups: BTreeSet<i32>,
    /// The session of the run. Its groups are in it: who leads a group cannot leave. So a group of another session that
    /// has the number of one of ours is another's.
    session: i32,
}

impl Hunt {
    pub fn new(run: &str, session: Pid) -> Hunt {
        let session = if cfg!(target_os = "linux") { session.as_raw_pid() } else { 0 };
        Hunt { run: run.to_owned(), groups: BTreeSet::new(), session }
    }

    /// For a run that can no longer say which groups were its own.
    pub fn without_groups(run: &str) -> Hunt {
        Hunt { run: run.to_owned(), groups: BTreeSet::new(), session: 0 }
    }

    pub fn add_group(&mut self, group: i32) {
        self.groups.insert(group);
    }

    /// Ends them all, and those that they started meanwhile: returns when two looks in a row have found nobody.
    pub fn end_all(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + LIMIT;
        let mut found_nobody = 0;
        loop {
            let processes = processes::all(&self.run).context("listing the processes of this machine")?;
            let ours: Vec<Process> = processes.into_iter().filter(|process| self.is_ours(process)).collect();
            found_nobody = if ours.is_empty() { found_nobody + 1 } else { 0 };
            if found_nobody == 2 {
                return Ok(());
            }
            if Instant::now() > deadline {
                let left: Vec<String> = ours.iter().map(|process| process.pid.as_raw_pid().to_string()).collect();
                bail!("SIGKILL did not end process {}; is it waiting for a disk?", left.join(", "));
            }
            for process in ours {
                processes::end(process, &self.run, |process| self.is_ours(process));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn is_ours(&self, process: &Process) -> bool {
        let in_group = self.groups.contains(&process.group) && process.session == self.session;
        process.pid != getpid() && (process.marked || in_group)
    }
}
