//! `doctor`: what this machine has, what it lacks, and what to do about it.

use std::{fs, process::Command, thread};

use anyhow::Result;
use console::style;
use rustix::{
    fs::statvfs,
    process::{Resource, getrlimit},
};

use crate::{prepare, repository::Repository, screen};

pub const GIB: u64 = 1 << 30;
/// A link of the largest test binary, beside an editor.
const MEMORY: u64 = 2 * GIB;
/// A crowd of a thousand connections has two ends each, and so has every proxy between.
const FILES: u64 = 4096;

pub const HELP: &str = "\
Each line is something that the workshop needs or is glad of, what this machine has of it, and how to get it.

Exit codes:
  0  all that is needed is there
  1  something is lacking";

enum State {
    Good,
    /// The workshop works without, but less well.
    Better(&'static str),
    Lacks(&'static str),
}

struct Finding {
    what: &'static str,
    found: String,
    state: State,
}

pub fn run(repository: &Repository) -> Result<u8> {
    let findings = examine(repository);
    for Finding { what, found, state } in &findings {
        let (word, advice) = match state {
            State::Good => (style("good ").green(), None),
            State::Better(advice) => (style("could be better").yellow(), Some(advice)),
            State::Lacks(advice) => (style("lacks").red(), Some(advice)),
        };
        println!("{what:16} {word}  {found}");
        if let Some(advice) = advice {
            print!("{}", screen::indented(advice, 17));
        }
    }
    let lacks = findings.iter().any(|finding| matches!(finding.state, State::Lacks(_)));
    println!("\n{}", if lacks { "Something that every chapter needs is missing." } else { "This machine is ready." });
    Ok(u8::from(lacks))
}

fn examine(repository: &Repository) -> Vec<Finding> {
    let wanted = wanted_rust(repository);
    let rustc = version(&rustc(), "--version");
    let is_new = rustc.as_deref().and_then(release).zip(release(&wanted)).is_some_and(|(has, wants)| has >= wants);
    let compiler = std::env::var("CC").unwrap_or("cc".to_owned());
    let redis = ["redis-server", "valkey-server"].into_iter().find_map(|server| version(server, "--version"));
    let redis = std::env::var_os("GOSSIP_REDIS_URL")
        .filter(|url| !url.is_empty())
        .map_or(redis, |_| Some("what GOSSIP_REDIS_URL names, for the stack `servers`".to_owned()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = memory();
    let disk = free_disk(repository);
    let room = if repository.checker().is_file() { 2 * GIB } else { prepare::DISK };
    // The checker raises its own limit as far as this one.
    let files = getrlimit(Resource::Nofile).maximum;

    vec![
        Finding {
            what: "rustc",
            state: needs(is_new, "Install Rust from https://rustup.rs, or run `rustup update`."),
            found: format!("{}; at least {wanted} is needed", rustc.as_deref().unwrap_or("none")),
        },
        tool("cargo", version("cargo", "--version"), "Install Rust from https://rustup.rs."),
        tool("git", version("git", "--version"), "Install git: `diff` calls it, and `start` looks up briefs in it."),
        tool(
            "C compiler",
            version(&compiler, "--version"),
            "Install one: `sudo apt install build-essential`, `sudo dnf install gcc`, `xcode-select --install`. SQLite \
             is written in C, and Rust links with it.",
        ),
        wish(
            "redis or valkey",
            redis,
            "Nothing to do before chapter 05, and there a Redis-compatible server is built from crates.io once; \
             `redis-server` or `valkey-server` on PATH saves that minute.",
        ),
        wish(
            "mysql or mariadb",
            database_server(),
            "Nothing to do for the stack `embedded`. Only `--stack servers` runs on one: `sudo apt install mariadb-server`, \
             `brew install mariadb`, or GOSSIP_MYSQL_URL, or a container engine for compose.yaml.",
        ),
        wish(
            "cargo-nextest",
            version("cargo-nextest", "--version"),
            "Only `cargo xtask test` uses it, and does without: https://nexte.st.",
        ),
        Finding {
            what: "cores",
            found: cores.to_string(),
            state: wishes(cores >= 2, "One core is enough to learn on, but scenarios under load may end as broken."),
        },
        Finding {
            what: "memory",
            found: memory.map_or("unknown".to_owned(), |bytes| format!("{:.1} GiB available", in_gib(bytes))),
            state: wishes(memory.is_none_or(|bytes| bytes >= MEMORY), "Close something large before the first build."),
        },
        Finding {
            what: "disk",
            found: disk.map_or("unknown".to_owned(), |bytes| format!("{:.1} GiB free for target/", in_gib(bytes))),
            state: needs(
                disk.is_none_or(|bytes| bytes >= room),
                "Make room: everything built takes up to 8 GiB. CARGO_TARGET_DIR puts it on another disk.",
            ),
        },
        Finding {
            what: "open files",
            found: files.map_or("no limit".to_owned(), |files| format!("{files} at most")),
            state: needs(
                files.is_none_or(|files| files >= FILES),
                "Chapter 02's crowd needs 4096: raise the hard limit (`ulimit -Hn` shows it; \
                 /etc/security/limits.conf, or `sudo launchctl limit maxfiles 8192 16384` on macOS).",
            ),
        },
    ]
}

/// What `--stack servers` would take: an address from the environment comes first.
fn database_server() -> Option<String> {
    const NAMED: &str = "GOSSIP_MYSQL_URL";
    /// Beyond PATH, where distributions keep servers.
    const FOLDERS: [&str; 4] = ["", "/usr/sbin/", "/usr/local/sbin/", "/opt/homebrew/bin/"];
    if std::env::var_os(NAMED).is_some_and(|url| !url.is_empty()) {
        return Some(format!("what {NAMED} names"));
    }
    let places = ["mariadbd", "mysqld"].into_iter().flat_map(|name| FOLDERS.map(|folder| format!("{folder}{name}")));
    places.into_iter().find_map(|program| version(&program, "--version"))
}

fn needs(is_there: bool, advice: &'static str) -> State {
    if is_there { State::Good } else { State::Lacks(advice) }
}

fn wishes(is_there: bool, advice: &'static str) -> State {
    if is_there { State::Good } else { State::Better(advice) }
}

fn tool(what: &'static str, version: Option<String>, advice: &'static str) -> Finding {
    Finding { what, state: needs(version.is_some(), advice), found: version.unwrap_or("none".to_owned()) }
}

fn wish(what: &'static str, version: Option<String>, advice: &'static str) -> Finding {
    Finding { what, state: wishes(version.is_some(), advice), found: version.unwrap_or("none".to_owned()) }
}

fn rustc() -> String {
    std::env::var("RUSTC").unwrap_or("rustc".to_owned())
}

/// The first line of what a program says of itself. Redis goes on to say how it was built, from ` sha=` on.
fn version(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().next().and_then(|line| line.split(" sha=").next()).map(str::to_owned)
}

/// The workspace's rust-version.
fn wanted_rust(repository: &Repository) -> String {
    let manifest = fs::read_to_string(repository.root.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("rust-version")).and_then(|version| version.as_str());
    version.unwrap_or("any version").to_owned()
}

/// `1.95` of `rustc 1.95.0 (f2d3ce0bd 2026-03-21)` or of `1.95`.
fn release(version: &str) -> Option<(u32, u32)> {
    let numbers = version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut numbers = numbers.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Bytes: on Linux what programs can still get, on macOS all there is.
fn memory() -> Option<u64> {
    if let Ok(information) = fs::read_to_string("/proc/meminfo") {
        let line = information.lines().find(|line| line.starts_with("MemAvailable:"))?;
        return line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024);
    }
    let output = Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Bytes that we may still write where cargo builds.
pub fn free_disk(repository: &Repository) -> Option<u64> {
    let folder = if repository.target.is_dir() { &repository.target } else { &repository.root };
    let disk = statvfs(folder).ok()?;
    Some(disk.f_bavail * disk.f_frsize)
}

fn in_gib(bytes: u64) -> f64 {
    bytes as f64 / GIB as f64
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases_compare_by_number() {
        assert_eq!(release("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), Some((1, 95)));
        assert_eq!(release("rustc 1.100.0-nightly"), Some((1, 100)));
        assert!(release("1.100") > release("1.89"));
        assert_eq!(release("none"), None);
    }
}
