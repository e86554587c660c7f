//! The processes that name a folder, in their command line or their environment: those that a check in it has started.

use std::path::Path;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// As `number: command`.
pub fn of(folder: &Path) -> Vec<String> {
    all(folder).into_iter().map(|(pid, command)| format!("{}: {command}", pid.as_raw_pid())).collect()
}

pub fn end(folder: &Path) {
    for (pid, _) in all(folder) {
        // Fails where it has ended by itself.
        _ = kill_process(pid, Signal::KILL);
    }
}

#[cfg(target_os = "linux")]
fn all(folder: &Path) -> Vec<(Pid, String)> {
    let name = folder.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("there are processes").flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| *pid != getpid()) else { continue };
        // Nothing is there of those that have ended, and of those that wait to be buried.
        let read = |what: &str| std::fs::read(entry.path().join(what)).unwrap_or_default();
        let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        if command.contains(&name) || String::from_utf8_lossy(&read("environ")).contains(&name) {
            found.push((pid, command));
        }
    }
    found
}

#[cfg(not(target_os = "linux"))]
fn all(folder: &Path) -> Vec<(Pid, String)> {
    let name = folder.display().to_string();
    let ps = std::process::Command::new("ps").args(["-axEww", "-o", "pid=,stat=,command="]).output();
    let list = String::from_utf8_lossy(&ps.expect("ps lists processes").stdout).into_owned();
    let process = |line: &str| {
        let (pid, rest) = line.trim_start().split_once(' ')?;
        let pid = Pid::from_raw(pid.parse().ok()?)?;
        let is_its = line.contains(&name) && !rest.trim_start().starts_with('Z') && pid != getpid();
        is_its.then(|| (pid, rest.trim().to_owned()))
    };
    list.lines().filter_map(process).collect()
}
