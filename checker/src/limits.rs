//! Limits of this process that are lower than its work needs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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
