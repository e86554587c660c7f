//! The processes of this machine, and the marks by which those of a run are known.

use rustix::process::{Pid, Signal};

/// The variable that names the run in the environment of all its processes.
pub const MARK: &str = "GOSSIP_RUN";

/// A process, as far as it matters who it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub pid: Pid,
    pub group: i32,
    /// Zero where the system does not tell.
    pub session: i32,
    pub marked: bool,
}

pub use self::system::{all, end};

/// A second mark, set by the shell that starts a process: a limit on resident memory, which Linux keeps, hands on and
/// shows, but has not enforced since 2004. It outlasts what the environment does not: a program that cleared it.
pub fn shell_mark(run: &str) -> String {
    match system::limit(run) {
        // Where the limit is lower already, there is no such mark.
        Some(bytes) => format!("ulimit -m {} 2>/dev/null; ", bytes / 1024),
        None => String::new(),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        fs,
        hash::{DefaultHasher, Hash, Hasher},
        io,
        os::unix::ffi::OsStrExt,
    };

    use rustix::process::{PidfdFlags, kill_process, pidfd_open, pidfd_send_signal};

    use super::{MARK, Pid, Process, Signal};

    pub fn limit(run: &str) -> Option<u64> {
        // The same in every process: the hasher starts from fixed keys.
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        // Between 2^50 and 2^51 bytes in steps of a kibibyte: no machine has so much, and no two runs the same.
        Some((1 << 50) | (hasher.finish() % (1 << 40)) << 10)
    }

    pub fn all(run: &str) -> io::Result<Vec<Process>> {
        let mut processes = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let pid = str::from_utf8(name.as_bytes()).ok().and_then(|name| name.parse().ok());
            processes.extend(pid.and_then(Pid::from_raw).and_then(|pid| look(pid, run)));
        }
        Ok(processes)
    }

    /// Ends the process, if it is still the one that was meant: its number may have gone to another since.
    pub fn end(process: Process, run: &str, is_meant: impl Fn(&Process) -> bool) {
        match pidfd_open(process.pid, PidfdFlags::empty()) {
            // What the descriptor holds can't be replaced by another while it is looked at.
            Ok(held) if look(process.pid, run).is_some_and(|process| is_meant(&process)) => {
                _ = pidfd_send_signal(held, Signal::KILL);
            }
            // A kernel from before 2019, or a sandbox that knows no such descriptors.
            Err(rustix::io::Errno::NOSYS) if look(process.pid, run).is_some_and(|process| is_meant(&process)) => {
                _ = kill_process(process.pid, Signal::KILL);
            }
            // It is gone, and so is the need.
            Ok(_) | Err(_) => {}
        }
    }

    /// A living process; `None` also for those that only wait to be buried.
    fn look(pid: Pid, run: &str) -> Option<Process> {
        let folder = format!("/proc/{}", pid.as_raw_pid());
        let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
        // The name in brackets may hold anything, brackets too.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let (state, _parent, group, session) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        if matches!(state, "Z" | "X") {
            return None;
        }
        let marked = in_environment(&folder, run) || in_limits(&folder, run);
        Some(Process { pid, group: group.parse().ok()?, session: session.parse().ok()?, marked })
    }

    /// Other users' processes can't be read, and are none of ours.
    fn in_environment(folder: &str, run: &str) -> bool {
        let environment = fs::read(format!("{folder}/environ")).unwrap_or_default();
        let mark = format!("{MARK}={run}");
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
    }

    fn in_limits(folder: &str, run: &str) -> bool {
        let limits = fs::read_to_string(format!("{folder}/limits")).unwrap_or_default();
        let resident = limits.lines().find_map(|line| line.strip_prefix("Max resident set"));
        let soft: Option<u64> = resident.and_then(|limits| limits.split_ascii_whitespace().next()?.parse().ok());
        soft.is_some() && soft == limit(run)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::{io, process::Command};

    use rustix::process::kill_process;

    use super::{MARK, Pid, Process, Signal};

    pub fn limit(_run: &str) -> Option<u64> {
        None
    }

    pub fn all(run: &str) -> io::Result<Vec<Process>> {
        let ps = Command::new("ps").args(["-axEww", "-o", "pid=,pgid=,stat=,command="]).output()?;
        let list = String::from_utf8_lossy(&ps.stdout);
        Ok(list.lines().filter_map(|line| super::listed(line, run)).collect())
    }

    /// Between the list and the signal lie microseconds, and numbers are given in turn: this is the same process.
    pub fn end(process: Process, _run: &str, _is_meant: impl Fn(&Process) -> bool) {
        _ = kill_process(process.pid, Signal::KILL);
    }
}

/// A line of `ps`: number, group, state, and the command with its environment.
#[cfg(any(test, not(target_os = "linux")))]
fn listed(line: &str, run: &str) -> Option<Process> {
    let mut fields = line.split_ascii_whitespace();
    let (pid, group, state) = (fields.next()?, fields.next()?, fields.next()?);
    if state.starts_with('Z') {
        return None;
    }
    let mark = format!("{MARK}={run}");
    let marked = fields.any(|word| word == mark);
    Some(Process { pid: Pid::from_raw(pid.parse().ok()?)?, group: group.parse().ok()?, session: 0, marked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_tells_whose_a_process_is() {
        let line =
            "  731   730 S    target/debug/ch01-monolith app HOME=/home/may GOSSIP_RUN=run-x1 LISTEN_ADDR=127.0.0.1:0";
        let process = listed(line, "run-x1").expect("it is alive");
        assert_eq!((process.pid.as_raw_pid(), process.group, process.marked), (731, 730, true));
        assert!(!listed(line, "run-x").expect("it is alive").marked, "a run's name is the whole name");
        assert!(listed("  731   730 Z    (ch01-monolith)", "run-x1").is_none(), "the dead are nobody's");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_own_process_is_among_all_and_unmarked() {
        let own = rustix::process::getpid();
        let processes = all("run-that-is-not").expect("/proc can be read");
        let own = processes.into_iter().find(|process| process.pid == own).expect("this process is alive");
        assert!(!own.marked);
    }
}
