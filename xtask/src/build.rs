//! One cargo call that builds all that a command needs, with progress; and why it did not, in a sentence.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    iter,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use crate::{build_progress::Progress, child, repository::Repository, stack::Stack};

pub const CHECKER: &str = "checker";

pub struct Built {
    pub success: bool,
    executables: BTreeMap<String, PathBuf>,
    diagnostics: Vec<Diagnostic>,
    /// What cargo itself had to say: a build script's failure, a manifest it cannot read, a crate it cannot fetch.
    stderr: String,
}

struct Diagnostic {
    crate_folder: PathBuf,
    is_error: bool,
    rendered: String,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        package_id: String,
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
    },
    #[serde(rename = "compiler-message")]
    Diagnostic {
        manifest_path: PathBuf,
        message: Rendered,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    /// A program's unit tests are a program of the same name.
    test: bool,
}

#[derive(Deserialize)]
struct Rendered {
    level: String,
    message: String,
    rendered: Option<String>,
}

enum Event {
    Line(String),
    Total(usize),
    Ended,
}

/// Builds the programs of these packages, which have their names. Only a cargo that cannot be run is an error here: what
/// did not compile is for the caller to ask.
///
/// Of the workspace, not of the packages: a dependency gets the same features whichever programs are built, and is
/// compiled once.
pub fn build(repository: &Repository, packages: &[String]) -> Result<Built> {
    run(repository, &["build", "--keep-going"], &programs(packages), packages)
}

/// The checker, and the programs of these packages for a stack. For `servers` they lie in a folder of their own: they have
/// the same names on each stack, and in one folder whoever is built last would be it.
pub fn with_checker(repository: &Repository, packages: &[String], stack: Stack) -> Result<Built> {
    let checker = [CHECKER.to_owned()];
    if stack == Stack::Embedded {
        return build(repository, &[&checker, packages].concat());
    }
    let mut built = build(repository, &checker)?;
    if !packages.is_empty() && built.success {
        let features = packages.iter().map(|package| format!("--features={package}/mysql"));
        let selection: Vec<_> = programs(packages).into_iter().chain(features).collect();
        let mut cargo = repository.cargo();
        cargo.arg("build").arg("--keep-going").arg("--target-dir").arg(repository.target.join(stack.name()));
        // What is compiled already is taken from there. Known to cargo since 1.91; an older one compiles everything anew.
        cargo.env("CARGO_BUILD_BUILD_DIR", &repository.target);
        built.absorb(run_with(repository, cargo, &selection, packages)?);
    }
    Ok(built)
}

fn programs(packages: &[String]) -> Vec<String> {
    let programs = packages.iter().map(|package| format!("--bin={package}"));
    iter::once("--workspace".to_owned()).chain(programs).collect()
}

/// Builds with any cargo command that takes `--message-format`; `what` names it on the progress line.
pub fn run(repository: &Repository, command: &[&str], selection: &[String], what: &[String]) -> Result<Built> {
    let mut cargo = repository.cargo();
    cargo.args(command);
    run_with(repository, cargo, selection, what)
}

fn run_with(repository: &Repository, mut cargo: Command, selection: &[String], what: &[String]) -> Result<Built> {
    let format = if console::colors_enabled_stderr() { "json-diagnostic-rendered-ansi" } else { "json" };
    cargo.args(selection).arg("--quiet").arg(format!("--message-format={format}"));
    let mut cargo = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo; install Rust from https://rustup.rs")?;
    let stdout = cargo.stdout.take().expect("stdout was asked to be a pipe");
    let mut stderr = cargo.stderr.take().expect("stderr was asked to be a pipe");

    let (events, received) = mpsc::channel();
    let lines = events.clone();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = lines.send(Event::Line(line));
        }
        let _ = lines.send(Event::Ended);
    });
    let said = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });

    let mut built =
        Built { success: false, executables: BTreeMap::new(), diagnostics: Vec::new(), stderr: String::new() };
    let mut progress = Progress::new(what);
    let mut counting = false;
    loop {
        match received.recv_timeout(Duration::from_millis(100)) {
            Ok(Event::Line(line)) => built.take_in(&line, &mut progress),
            Ok(Event::Total(total)) => progress.total = Some(total),
            Ok(Event::Ended) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if child::asked_to_end() {
            // The terminal's Ctrl-C reaches cargo by itself, a signal to us alone does not.
            let _ = cargo.kill();
            let _ = cargo.wait();
            progress.clear();
            bail!("ended while building");
        }
        if progress.is_worth_showing() && !counting {
            counting = true;
            count(repository, selection.to_vec(), events.clone());
        }
        progress.show();
    }
    progress.clear();
    let status = cargo.wait().context("waiting for cargo")?;
    if child::asked_to_end() || status.signal().is_some() {
        bail!("ended while building");
    }
    built.success = status.success();
    built.stderr = said.join().map_err(|_| anyhow!("the thread reading cargo's stderr panicked"))?;
    Ok(built)
}

/// Counts the crates that the build takes, beside it: `cargo tree` looks at these packages and this platform only, where
/// `cargo metadata` would have to fetch what every other chapter needs. Until the build has fetched its crates it fails.
fn count(repository: &Repository, selection: Vec<String>, events: Sender<Event>) {
    let mut tree = repository.cargo();
    tree.args(["tree", "--offline", "--quiet", "--prefix=none"]);
    let with_tests = selection.iter().any(|option| option == "--all-targets");
    tree.arg(if with_tests { "--edges=normal,build,dev" } else { "--edges=normal,build" });
    let programs: Vec<_> = selection.iter().filter_map(|option| option.strip_prefix("--bin=")).collect();
    if programs.is_empty() {
        tree.args(selection.iter().filter(|option| *option != "--all-targets"));
    } else {
        tree.args(programs.iter().map(|program| format!("--package={program}")));
    }
    thread::spawn(move || {
        for _ in 0..20 {
            if let Some(output) = tree.output().ok().filter(|output| output.status.success()) {
                let _ = events.send(Event::Total(distinct_crates(&String::from_utf8_lossy(&output.stdout))));
                return;
            }
            thread::sleep(Duration::from_secs(2));
        }
    });
}

/// Lines are `serde v1.0.229 (proc-macro) (*)`, one for every place in the tree.
fn distinct_crates(tree: &str) -> usize {
    let name_and_version = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut crates: Vec<_> = tree.lines().filter(|line| !line.is_empty()).map(name_and_version).collect();
    crates.sort();
    crates.dedup();
    crates.len()
}

impl Built {
    fn take_in(&mut self, line: &str, progress: &mut Progress) {
        match serde_json::from_str(line) {
            Ok(Message::CompilerArtifact { package_id, target, profile, executable }) => {
                if target.kind.iter().all(|kind| kind != "custom-build") {
                    progress.finished(package_id, &target.name);
                }
                let is_program = !profile.test && target.kind.iter().any(|kind| kind == "bin");
                if let Some(executable) = executable.filter(|_| is_program) {
                    self.executables.insert(target.name, executable);
                }
            }
            // rustc's sum at the end says nothing that the diagnostics before it have not said; cargo leaves it out too.
            Ok(Message::Diagnostic { message, .. }) if message.message.starts_with("aborting due to") => {}
            Ok(Message::Diagnostic { message, .. }) if message.message.ends_with(" emitted") => {}
            Ok(Message::Diagnostic { manifest_path, message }) => self.diagnostics.push(Diagnostic {
                crate_folder: manifest_path.parent().unwrap_or(Path::new("")).to_path_buf(),
                is_error: message.level.starts_with("error"),
                rendered: message.rendered.unwrap_or_default(),
            }),
            Ok(Message::Other) | Err(_) => {}
        }
    }

    /// What came of a build after this one.
    fn absorb(&mut self, other: Built) {
        self.success &= other.success;
        self.executables.extend(other.executables);
        self.diagnostics.extend(other.diagnostics);
        self.stderr.push_str(&other.stderr);
    }

    /// The program of a package, if it was built.
    pub fn program(&self, package: &str) -> Option<&Path> {
        self.executables.get(package).map(PathBuf::as_path)
    }

    /// The checker, or why there is none.
    pub fn checker(&self) -> Result<&Path> {
        if let Some(checker) = self.program(CHECKER) {
            return Ok(checker);
        }
        for diagnostic in self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error) {
            eprint!("{}", diagnostic.rendered);
        }
        eprint!("{}", self.stderr);
        bail!("the checker could not be built: {}", self.likely_cause())
    }

    /// Prints what cargo says about a crate: warnings too, and its own words where no diagnostic explains the failure.
    pub fn print_diagnostics(&self, crate_folder: &Path, failed: bool) {
        let about = |diagnostic: &&Diagnostic| diagnostic.crate_folder == crate_folder || diagnostic.is_error;
        let mut explained = false;
        for diagnostic in self.diagnostics.iter().filter(about) {
            eprint!("{}", diagnostic.rendered);
            explained |= diagnostic.is_error;
        }
        if failed && !explained {
            eprint!("{}", self.stderr);
        }
    }

    fn likely_cause(&self) -> &'static str {
        let said = self.diagnostics.iter().map(|diagnostic| diagnostic.rendered.as_str());
        let said: Vec<_> = said.chain([self.stderr.as_str()]).collect();
        likely_cause(&said.join("\n"))
    }

    /// Stops where nothing could be built for a reason that no chapter is to blame for.
    pub fn stop_if_unable(&self) -> Result<()> {
        if self.success || !self.executables.is_empty() || self.diagnostics.iter().any(|diagnostic| diagnostic.is_error)
        {
            return Ok(());
        }
        eprint!("{}", self.stderr);
        bail!("nothing could be built: {}", self.likely_cause())
    }
}

/// The causes that learners meet, by the words of cargo, rustc and the cc crate.
fn likely_cause(said: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["linker `cc` not found", "linker `clang` not found", "failed to find tool", "is `cc` not installed"]) {
        "there is no C compiler on PATH. Install one (`sudo apt install build-essential`, `sudo dnf install gcc`, \
         `xcode-select --install`), then try again; `cargo xtask doctor` says what else is missing."
    } else if says(&["No space left on device", "os error 28"]) {
        "the disk is full. Make room (`cargo xtask doctor` says how much is needed), then try again."
    } else if says(&[
        "failed to download",
        "failed to get `",
        "failed to fetch",
        "Could not resolve host",
        "Couldn't resolve host",
        "--offline was specified",
        "network failure",
        "failed to query replaced source",
    ]) {
        "crates are missing and the network did not give them. Once there is a network, `cargo xtask prepare` fetches \
         and builds everything, and no check needs it again."
    } else if says(&["failed to parse manifest", "failed to load manifest", "invalid type", "TOML parse error"]) {
        "cargo cannot read a Cargo.toml. Mend the line it names, then try again."
    } else if says(&["requires rustc", "is not supported by the following package"]) {
        "this Rust is too old. `rustup update` brings a new one."
    } else {
        "the lines above are cargo's. `git status checker` shows whether a file of it was changed; `cargo xtask doctor` \
         says what this machine lacks."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once() {
        let tree = "checker v0.1.0 (/tmp/checker)\nserde v1.0.1\nserde_derive v1.0.1 (proc-macro)\nserde v1.0.1 (*)\n";
        assert_eq!(distinct_crates(tree), 3);
    }

    #[test]
    fn the_likely_cause_is_named() {
        assert!(likely_cause("error: linker `cc` not found\n").contains("C compiler"));
        assert!(likely_cause("failed to find tool \"cc\": No such file or directory").contains("C compiler"));
        assert!(likely_cause("error: failed to download `rand v0.10.4`").contains("cargo xtask prepare"));
        assert!(likely_cause("fatal error: No space left on device").contains("disk is full"));
        assert!(likely_cause("error[E0308]: mismatched types").contains("git status checker"));
    }
}
