//! A role of the learner's program as a real process: started, killed, frozen, asked to stop, watched.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    fs::File,
    io::Write,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    program::Program,
    reaper::{MARK, shell_mark},
    story::{Failure, LastWords, Stop, broken, human},
};

/// From the start of a process to its ready line. The solutions need 20 ms; a cold disk and a busy machine need patience.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// A process that grows beyond this is ended: leaking must not take the learner's machine down.
const MEMORY_LIMIT: u64 = 1024 * MIB;
/// And as much for each core: a program may hash a password on each of them, at 19 MiB.
const MEMORY_LIMIT_PER_CORE: u64 = 32 * MIB;

/// What is kept of a log; a program that floods it must not fill the disk.
const LOG_FILE_LIMIT: usize = 16 * 1024 * 1024;
/// Lines of a log kept at hand for a story.
const LAST_LINES: usize = 200;
/// A longer line is cut.
const LINE_LIMIT: u64 = 4096;

const MEMORY_SAMPLE: Duration = Duration::from_millis(100);
const MIB: u64 = 1024 * 1024;

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How stories call it: `server 1`, `balancer`.
    pub name: String,
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
    state: watch::Receiver<State>,
    log: Arc<Mutex<Log>>,
    memory: Arc<Memory>,
}

#[derive(Clone, Debug)]
enum State {
    Starting,
    Ready(SocketAddr),
    /// How it ended, and whether we had asked for that.
    Ended(ExitStatus),
}

#[derive(Default)]
struct Memory {
    peak: AtomicU64,
    /// Set when it was ended for it.
    exceeded: AtomicU64,
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
        let mut child =
            command(program, spec, &own).spawn().map_err(|error| Stop::Failed(cannot_start(program, spec, &error)))?;
        let pid =
            child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("a new process has an id")?;
        let log = Arc::new(Mutex::new(Log::create(&spec.folder, &spec.name)?));
        let (said, state) = watch::channel(State::Starting);
        let said = Arc::new(said);
        let readers = [
            tokio::spawn(read_stdout(child.stdout.take().context("stdout is piped")?, log.clone(), said.clone())),
            tokio::spawn(read_stderr(child.stderr.take().context("stderr is piped")?, log.clone())),
        ];
        let memory = Arc::new(Memory::default());
        tokio::spawn(watch_memory(pid, memory.clone(), state.clone()));
        tokio::spawn(wait_for_end(child, readers, said));
        Ok(Process { pid, name: spec.name.as_str().into(), state, log, memory })
    }

    /// Waits until it says on stdout that it is ready, and where.
    pub async fn ready(&self) -> Result<SocketAddr, Stop> {
        let mut state = self.state.clone();
        let ready = state.wait_for(|state| !matches!(state, State::Starting));
        match timeout(READY_LIMIT, ready).await {
            Ok(state) => match *state? {
                State::Ready(address) => Ok(address),
                State::Starting => broken("a state that was waited for has come"),
                State::Ended(status) => Err(self.at_fault(
                    "it starts, and prints {\"ready\":true,\"address\":\"…\"} when it can be asked",
                    format!("it ended before it was ready: {}", describe(status)),
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
        let ended = state.wait_for(|state| matches!(state, State::Ended(_)));
        match timeout(limit, ended).await {
            Ok(Ok(state)) => match *state {
                State::Ended(status) => Some(status),
                State::Starting | State::Ready(_) => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// SIGKILL, to it and what it started; returns when it is gone.
    pub async fn kill(&self) -> Result<(), Stop> {
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
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // Fails when it is gone already, and then there is nothing to signal.
        _ = kill_process_group(self.pid, signal);
    }

    pub fn is_running(&self) -> bool {
        !matches!(*self.state.borrow(), State::Ended(_))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// The most memory that it has held, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let known = peak(self.pid).or_else(|| resident(self.pid)).unwrap_or(0);
        self.memory.peak.fetch_max(known, Ordering::Relaxed).max(known)
    }

    /// The memory it holds, in bytes.
    pub fn memory_now(&self) -> u64 {
        resident(self.pid).unwrap_or(0)
    }

    /// How many lines of its log, as far as they are at hand, contain this.
    pub fn log_lines_with(&self, text: &str) -> usize {
        lock(&self.log).last.iter().filter(|line| line.contains(text)).count()
    }

    /// What it did that no scenario asked for: a panic, an end of its own, memory without bound.
    pub fn mishap(&self) -> Option<String> {
        let exceeded = self.memory.exceeded.load(Ordering::Relaxed);
        if exceeded > 0 {
            return Some(format!("{} held {} MiB and was ended", self.name, exceeded / MIB));
        }
        lock(&self.log).panic.as_ref().map(|panic| format!("{} panicked: {panic}", self.name))
    }

    /// The end of its log, for a story.
    pub fn last_words(&self, lines: usize) -> LastWords {
        let log = lock(&self.log);
        let skip = log.last.len().saturating_sub(lines);
        LastWords {
            process: self.name.to_string(),
            panic: log.panic.clone(),
            lines: log.last.iter().skip(skip).cloned().collect(),
        }
    }

    fn at_fault(&self, expected: &str, saw: String, why: &str) -> Stop {
        let process = Some(self.name.to_string());
        let saw = self.mishap().map_or(saw.clone(), |mishap| format!("{saw}; {mishap}"));
        Stop::Failed(Failure { expected: expected.to_owned(), saw, why: why.to_owned(), process })
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
    command.arg("-c").arg(script).arg("sh").args(&program.command).arg(spec.role);
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

fn cannot_start(program: &Program, spec: &Spec, error: &std::io::Error) -> Failure {
    Failure {
        expected: format!("{} can be started", spec.name),
        saw: format!("{}: {error}", program.command.join(&OsString::from(" ")).to_string_lossy()),
        why: "The program could not be run at all.".to_owned(),
        process: None,
    }
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

/// The next line, or the first part of one that is too long.
async fn next_line(lines: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = Vec::new();
    match lines.take(LINE_LIMIT).read_until(b'\n', &mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
    }
}

async fn wait_for_end(mut child: Child, readers: [tokio::task::JoinHandle<()>; 2], said: Arc<watch::Sender<State>>) {
    let status = child.wait().await;
    // What it said last comes before the news of its end; a grandchild may keep the pipes open for good.
    let all_read = async {
        for reader in readers {
            _ = reader.await;
        }
    };
    _ = timeout(Duration::from_millis(200), all_read).await;
    if let Ok(status) = status {
        said.send_replace(State::Ended(status));
    }
}

async fn watch_memory(pid: Pid, memory: Arc<Memory>, mut state: watch::Receiver<State>) {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let limit = MEMORY_LIMIT + cores * MEMORY_LIMIT_PER_CORE;
    let mut next = Instant::now();
    loop {
        next += MEMORY_SAMPLE;
        tokio::select! {
            ended = state.wait_for(|state| matches!(state, State::Ended(_))) => {
                drop(ended);
                return;
            }
            () = tokio::time::sleep_until(next) => {}
        }
        let Some(bytes) = resident(pid) else { return };
        memory.peak.fetch_max(bytes, Ordering::Relaxed);
        if bytes > limit {
            memory.exceeded.store(bytes, Ordering::Relaxed);
            _ = kill_process_group(pid, Signal::KILL);
            return;
        }
    }
}

/// Resident memory in bytes.
#[cfg(target_os = "linux")]
fn resident(pid: Pid) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_pid())).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

/// The high-water mark that the system keeps, in bytes; samples would miss what lasts for milliseconds.
#[cfg(target_os = "linux")]
fn peak(pid: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).ok()?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(mark.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// There is none that others can ask for; the samples have to do.
#[cfg(not(target_os = "linux"))]
fn peak(_pid: Pid) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn resident(pid: Pid) -> Option<u64> {
    let pid = pid.as_raw_pid().to_string();
    let ps = std::process::Command::new("ps").args(["-o", "rss=", "-p", &pid]).output().ok()?;
    let kibibytes: u64 = String::from_utf8(ps.stdout).ok()?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// What a process said: whole in a file, up to a limit, and the last lines at hand.
struct Log {
    file: File,
    written: usize,
    last: VecDeque<String>,
    panic: Option<String>,
    /// The line after `panicked at` is the message.
    panic_message_follows: bool,
}

impl Log {
    fn create(folder: &Path, name: &str) -> anyhow::Result<Log> {
        let file = folder.join(format!("{}.log", name.replace(' ', "-")));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&file)
            .with_context(|| format!("making {}; is the disk full or read-only?", file.display()))?;
        Ok(Log { file, written: 0, last: VecDeque::new(), panic: None, panic_message_follows: false })
    }

    fn add(&mut self, line: &str) {
        self.notice_panic(line);
        if self.written < LOG_FILE_LIMIT {
            self.written += line.len() + 1;
            let end = if self.written < LOG_FILE_LIMIT { "" } else { "\n(the rest of this flood is not kept)" };
            // A full disk shows elsewhere, and must not end the judging.
            _ = writeln!(self.file, "{line}{end}");
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    /// `thread 'main' (4242) panicked at src/post.rs:42:9:` and the line after it.
    fn notice_panic(&mut self, line: &str) {
        if self.panic_message_follows {
            self.panic_message_follows = false;
            if let Some(panic) = &mut self.panic {
                panic.push_str(line.trim());
            }
        } else if let Some((_, place)) = line.split_once("panicked at ")
            && self.panic.is_none()
        {
            self.panic = Some(format!("{} ", place.trim()));
            self.panic_message_follows = true;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
