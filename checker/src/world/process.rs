//! A role of the learner's program, or a neighbour such as Redis, as a real process: started, killed, frozen, asked to stop, watched.

mod log;
mod memory;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use anyhow::Context;
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process_group},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use self::{
    log::{Log, next_line},
    memory::{Memory, resident},
};
use crate::{
    program::Program,
    reaper::{MARK, shell_mark},
    story::{Failure, LastWords, Stop, broken, human},
};

/// From the start of a process to its ready line. The solutions need 20 ms; a cold disk and a busy machine need patience.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How stories call it: `server 1`, `balancer`.
    pub name: String,
    /// Appended to the command; empty for a program that has no roles.
    pub role: &'static str,
    /// Its settings; it gets nothing else of our environment but PATH, HOME and the like.
    pub settings: BTreeMap<String, OsString>,
    /// RLIMIT_NOFILE.
    pub open_files: Option<u64>,
    /// Where its log is kept.
    pub folder: PathBuf,
    /// Marks everything that belongs to this run, for the reaper.
    pub run: String,
}

/// A started process. The world ends those that a scenario leaves running.
#[derive(Clone)]
pub struct Process {
    pid: Pid,
    name: Arc<str>,
    role: &'static str,
    state: watch::Receiver<State>,
    /// A scenario has killed it, or told it to stop.
    asked_to_end: Arc<AtomicBool>,
    log: Arc<Mutex<Log>>,
    memory: Arc<Memory>,
}

#[derive(Clone, Debug)]
enum State {
    Starting,
    Ready(SocketAddr),
    Ended { status: ExitStatus, was_ready: bool },
}

#[derive(Deserialize)]
struct ReadyLine {
    ready: bool,
    address: Option<SocketAddr>,
}

impl Process {
    /// Starts a process without waiting for anything.
    pub fn spawn(program: &Program, spec: &Spec) -> Result<Process, Stop> {
        let own = spec.folder.join(spec.name.replace(' ', "-"));
        std::fs::create_dir_all(&own).with_context(|| format!("making {}; is the disk full?", own.display()))?;
        let mut child = command(program, spec, &own).spawn().map_err(|error| cannot_start(program, spec, error))?;
        let pid =
            child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("a new process has an id")?;
        let log = Arc::new(Mutex::new(Log::create(&spec.folder, &spec.name, program)?));
        let (said, state) = watch::channel(State::Starting);
        let said = Arc::new(said);
        let readers = [
            tokio::spawn(read_stdout(child.stdout.take().context("stdout is piped")?, log.clone(), said.clone())),
            tokio::spawn(read_stderr(child.stderr.take().context("stderr is piped")?, log.clone())),
        ];
        let memory = Arc::new(Memory::default());
        let watched = memory.clone();
        let watching = tokio::spawn(async move { watched.watch(pid).await });
        tokio::spawn(async move {
            wait_for_end(child, readers, said).await;
            watching.abort();
        });
        let (name, role) = (spec.name.as_str().into(), spec.role);
        Ok(Process { pid, name, role, state, asked_to_end: Arc::default(), log, memory })
    }

    /// Waits until it says on stdout that it is ready, and where.
    pub async fn ready(&self) -> Result<SocketAddr, Stop> {
        let mut state = self.state.clone();
        let ready = state.wait_for(|state| !matches!(state, State::Starting));
        match timeout(READY_LIMIT, ready).await {
            Ok(state) => match *state? {
                State::Ready(address) => Ok(address),
                State::Starting => broken("a state that was waited for has come"),
                State::Ended { status, was_ready } => Err(self.at_fault(
                    "it starts, and prints {\"ready\":true,\"address\":\"…\"} when it can be asked",
                    match was_ready {
                        true => format!("it ended as soon as it was ready: {}", describe(status)),
                        false => format!("it ended before it was ready: {}", describe(status)),
                    },
                    "Nobody can be served by a program that does not start.",
                )),
            },
            Err(_) => Err(self.at_fault(
                "it prints {\"ready\":true,\"address\":\"…\"} on stdout, a line of its own, when it can be asked",
                format!("no such line within {}", human(READY_LIMIT)),
                "Whoever starts it never learns that it is ready, nor where it listens.",
            )),
        }
    }

    /// Waits for its end.
    pub async fn ended(&self, limit: Duration) -> Option<ExitStatus> {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| matches!(state, State::Ended { .. }));
        match timeout(limit, ended).await {
            Ok(Ok(state)) => match *state {
                State::Ended { status, .. } => Some(status),
                State::Starting | State::Ready(_) => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// SIGKILL, to it and what it started; returns when it is gone.
    pub async fn kill(&self) -> Result<(), Stop> {
        self.asked_to_end.store(true, Ordering::Relaxed);
        self.signal(Signal::KILL);
        match self.ended(Duration::from_secs(10)).await {
            Some(_) => Ok(()),
            None => broken(format!("{} outlived SIGKILL; is the machine out of memory or its disk stuck?", self.name)),
        }
    }

    /// SIGSTOP: it keeps its connections and answers nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGTERM; does not wait.
    pub fn terminate(&self) {
        self.asked_to_end.store(true, Ordering::Relaxed);
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // Fails when it is gone already, and then there is nothing to signal.
        _ = kill_process_group(self.pid, signal);
    }

    pub fn is_running(&self) -> bool {
        !matches!(*self.state.borrow(), State::Ended { .. })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A role of the program under test, and no neighbour.
    pub fn is_the_programs(&self) -> bool {
        !self.role.is_empty()
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// The most memory that it has held, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.memory.peak(self.pid)
    }

    /// The memory it holds, in bytes.
    pub fn memory_now(&self) -> u64 {
        resident(self.pid).unwrap_or(0)
    }

    /// Whether it had said something out of the ordinary by then: a warning, an error, a print of the learner's own.
    pub fn has_complained(&self, until: SystemTime) -> bool {
        lock(&self.log).has_complaints(until)
    }

    /// What it did that no scenario asked for: a panic, an end of its own, memory without bound.
    pub fn mishap(&self) -> Option<String> {
        self.trouble().or_else(|| match *self.state.borrow() {
            State::Ended { status, was_ready: true } if !self.asked_to_end.load(Ordering::Relaxed) => {
                Some(format!("{} ended by itself: {}", self.name, describe(status)))
            }
            _ => None,
        })
    }

    /// Why it ended, where its end alone does not say so.
    fn trouble(&self) -> Option<String> {
        if let Some(held) = self.memory.exceeded() {
            return Some(format!("{} held {held} MiB and was ended", self.name));
        }
        lock(&self.log).panicked_at().map(|place| format!("{} panicked at {place}", self.name))
    }

    /// Of what it had said by then, so many lines for a story.
    pub fn last_words(&self, lines: usize, until: SystemTime) -> LastWords {
        lock(&self.log).last_words(&self.name, lines, until)
    }

    /// Its own failure.
    pub fn at_fault(&self, expected: &str, saw: String, why: &str) -> Stop {
        let saw = self.trouble().map_or(saw.clone(), |trouble| format!("{saw}; {trouble}"));
        Stop::Failed(Failure::new(expected, saw, why).of(&*self.name))
    }
}

fn command(program: &Program, spec: &Spec, own: &Path) -> Command {
    // A shell sets the limit and becomes the program: no unsafe code between fork and exec.
    let mut command = Command::new("/bin/sh");
    let mark = shell_mark(&spec.run);
    let script = match spec.open_files {
        Some(limit) => format!("{mark}ulimit -n {limit} && exec \"$@\""),
        None => format!("{mark}exec \"$@\""),
    };
    command.arg("-c").arg(script).arg("sh").args(&program.command);
    command.args((!spec.role.is_empty()).then_some(spec.role));
    command.current_dir(program.folder.as_deref().unwrap_or(own)).env_clear();
    for name in ["PATH", "HOME", "USER", "LANG", "LC_ALL"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // As if it were on a machine of its own.
    command.env("TMPDIR", own);
    command.env(MARK, &spec.run).envs(&spec.settings);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command
}

/// A machine that has nothing left to start a process with says nothing about the program.
fn cannot_start(program: &Program, spec: &Spec, error: std::io::Error) -> Stop {
    let mend = match Errno::from_io_error(&error) {
        Some(Errno::MFILE | Errno::NFILE) => "raise the limit on open files (`ulimit -n`), or close other programs",
        Some(Errno::AGAIN) => "raise the limit on processes (`ulimit -u`), or close other programs",
        Some(Errno::NOMEM) => "free some memory: close other programs",
        _ => {
            let saw = format!("{}: {error}", program.command.join(&OsString::from(" ")).to_string_lossy());
            let why = "The program could not be run at all.";
            return Stop::Failed(Failure::new(format!("{} can be started", spec.name), saw, why));
        }
    };
    Stop::Broken(anyhow::Error::new(error).context(format!("starting {}; {mend}", spec.name)))
}

/// `exit code 101`, `killed by signal 9`.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => "exit code 127 (no such program?)".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

async fn read_stdout(stdout: impl AsyncRead + Unpin, log: Arc<Mutex<Log>>, said: Arc<watch::Sender<State>>) {
    let mut lines = BufReader::new(stdout);
    while let Some(line) = next_line(&mut lines).await {
        // Anything else on stdout is the learner's own print.
        if let Ok(ReadyLine { ready: true, address: Some(address) }) = serde_json::from_str(&line) {
            said.send_if_modified(|state| {
                let first = matches!(state, State::Starting);
                if first {
                    *state = State::Ready(address);
                }
                first
            });
        } else {
            lock(&log).add(&line);
        }
    }
}

async fn read_stderr(stderr: impl AsyncRead + Unpin, log: Arc<Mutex<Log>>) {
    let mut lines = BufReader::new(stderr);
    while let Some(line) = next_line(&mut lines).await {
        lock(&log).add(&line);
    }
}

async fn wait_for_end(mut child: Child, readers: [JoinHandle<()>; 2], said: Arc<watch::Sender<State>>) {
    let status = child.wait().await;
    // What it said last comes before the news of its end; a grandchild may keep the pipes open for good.
    let all_read = async {
        for reader in readers {
            _ = reader.await;
        }
    };
    _ = timeout(Duration::from_millis(200), all_read).await;
    if let Ok(status) = status {
        said.send_modify(|state| {
            let was_ready = matches!(state, State::Ready(_));
            *state = State::Ended { status, was_ready };
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
