//! Leaves nothing behind: whatever becomes of the checker (its end, a panic, Ctrl-C, kill -9), every process that its
//! scenarios started ends, and the folder of the run goes.
//!
//! A run has a reaper: this program once more, in a session of its own, holding the read end of a pipe whose only write
//! end is the run's. The pipe ends when the run does, however that happens. (A child between fork and exec holds the
//! pipe too, which is right: until it is on its own feet, it bears no mark that the reaper could find it by.) The folder
//! is the reaper's from the first: it makes it, so that there is no moment at which nobody would remove it.
//!
//! A process belongs to a run when it bears the run's mark, in its environment or among its limits, or is in a process
//! group that the run has named. Marks are inherited: by children's children, also those that left their parent, group
//! and session. Should a reaper die as well, the next run finds what it left, by a lock that nobody holds any more.

mod processes;
mod sweep;

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail};
use rustix::process::{getsid, setsid};

pub use self::processes::{MARK, shell_mark};
use self::sweep::Hunt;

/// A folder that no lock stands beside, and that nobody has touched for so long, is nobody's.
const SETTLED: Duration = Duration::from_secs(60);

/// What a reaper says when it has made the folder, and waits.
const READY: &str = "ready";

/// The run's end of its reaper.
pub struct Reaper {
    process: Child,
    folder: PathBuf,
    /// What the reaper knows, in case that it dies first.
    hunt: Mutex<Hunt>,
    /// As long as the run or its reaper has it, the folder is in use.
    _lock: File,
}

impl Reaper {
    /// Starts the reaper of this run, which makes its `folder`, after ending and removing what earlier runs left beside it.
    pub fn start(run: &str, folder: &Path) -> anyhow::Result<Reaper> {
        let checker = checker()?;
        let worlds = folder.parent().context("the folder of a run is in another")?;
        // No run is half made while another looks for leftovers.
        let births = open_lock(&worlds.join("births.lock"))?;
        births.lock().context("waiting for another run to start")?;
        clear_leftovers(worlds)?;

        // A shell, since what a shell ignores stays ignored: a reaper must not be asked to stop. The run's own signals
        // from the terminal end with its session.
        let mut process = Command::new("/bin/sh")
            .args(["-c", "trap '' HUP INT QUIT TERM; exec \"$0\" reaper --run \"$1\" --folder \"$2\""])
            .args([checker.as_os_str(), run.as_ref(), folder.as_os_str()])
            .env_remove(MARK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Whoever reads the run's output would wait for the reaper's end as well.
            .stderr(Stdio::null())
            .spawn()
            .context("starting the reaper")?;
        let mut said = String::new();
        let stdout = process.stdout.take().context("stdout is piped")?;
        BufReader::new(stdout).read_line(&mut said).context("waiting for the reaper")?;
        if said.trim_end() != READY {
            _ = process.wait();
            match said.trim_end() {
                "" => bail!("{} did not become the reaper of this run", checker.display()),
                trouble => bail!("{trouble}"),
            }
        }
        let lock = open_lock(&lock_of(folder))?;
        lock.lock_shared().context("locking the folder of this run")?;
        let hunt = Mutex::new(Hunt::new(run, getsid(None).context("asking for the session")?));
        Ok(Reaper { process, folder: folder.to_owned(), hunt, _lock: lock })
    }

    /// This process leads a group of the run's: all of it ends with the run, marked or not.
    pub fn watch(&self, pid: i32) {
        self.hunt.lock().unwrap_or_else(PoisonError::into_inner).add_group(pid);
        if let Some(mut pipe) = self.process.stdin.as_ref() {
            // Fails when the reaper is dead; then `finish`, or the next run, does its work.
            _ = writeln!(pipe, "group {pid}");
        }
    }

    /// Ends all processes of the run and removes its folder, now.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.reap()
    }

    fn reap(&mut self) -> anyhow::Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait().context("waiting for the reaper")?;
        if !status.success() {
            self.hunt.get_mut().unwrap_or_else(PoisonError::into_inner).end_all()?;
            remove(&self.folder)?;
        }
        Ok(())
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        // After `finish` there is nothing left to do. Else the run was given up: nobody is there to be told.
        _ = self.reap();
    }
}

/// The reaper itself: `checker reaper`. Returns when nothing of the run is left.
pub fn serve(run: &str, folder: &Path) -> anyhow::Result<()> {
    let mut hunt = Hunt::new(run, getsid(None).context("asking for the session")?);
    setsid().context("leaving the session of the run")?;
    let made = make(folder);
    let said = match &made {
        Ok(_) => READY.to_owned(),
        Err(error) => format!("{error:#}"),
    };
    let mut stdout = io::stdout();
    // A run that can't be told has ended already, and its end is what we wait for.
    _ = writeln!(stdout, "{said}").and_then(|()| stdout.flush());
    let Ok(_lock) = made else { return remove(folder) };

    let mut lines = BufReader::new(io::stdin().lock());
    let mut line = Vec::new();
    // A run that ends in the middle of a line has ended as well.
    while matches!(lines.by_ref().take(64).read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        if let Some(pid) = text.strip_prefix("group ").and_then(|pid| pid.trim_end().parse().ok()) {
            hunt.add_group(pid);
        }
        line.clear();
    }
    let ended = hunt.end_all();
    // Also where something outlived its signal: a folder is no use to it.
    remove(folder).and(ended)
}

/// The lock first: a folder without one is taken for a leftover.
fn make(folder: &Path) -> anyhow::Result<File> {
    let lock = open_lock(&lock_of(folder))?;
    lock.lock_shared().context("locking the folder of this run")?;
    fs::create_dir(folder).with_context(|| format!("making {}; is the disk full or read-only?", folder.display()))?;
    Ok(lock)
}

/// Ends and removes what runs have left whose reaper died too.
fn clear_leftovers(worlds: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(worlds).with_context(|| format!("reading {}", worlds.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "lock") {
            let folder = path.with_extension("");
            if folder.file_name().is_some_and(|name| name == "births") {
                continue;
            }
            // Gone, when its reaper has just done its work.
            let Ok(lock) = File::open(&path) else { continue };
            match lock.try_lock() {
                Ok(()) => clear(&folder)?,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", path.display()));
                }
            }
        } else if path.is_dir() && !lock_of(&path).exists() && settled(&path) {
            clear(&path)?;
        }
    }
    Ok(())
}

fn clear(folder: &Path) -> anyhow::Result<()> {
    let run = folder.file_name().unwrap_or_default().to_string_lossy();
    Hunt::without_groups(&run).end_all()?;
    remove(folder)
}

fn settled(folder: &Path) -> bool {
    let changed = folder.metadata().and_then(|metadata| metadata.modified());
    // A time in the future, or none at all: nothing to be decided here.
    changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|age| age > SETTLED))
}

/// The folder first, its lock last: a folder that is still there keeps the lock by which it is found.
fn remove(folder: &Path) -> anyhow::Result<()> {
    const TRIES: u32 = 20;
    for attempt in 1..=TRIES {
        match fs::remove_dir_all(folder) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            // Somebody wrote into it meanwhile.
            Err(_) if attempt < TRIES => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error).with_context(|| format!("removing {}", folder.display())),
        }
    }
    match fs::remove_file(lock_of(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("removing the lock of a run"),
        _ => Ok(()),
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

fn open_lock(file: &Path) -> anyhow::Result<File> {
    let opened = File::options().create(true).truncate(false).write(true).open(file);
    opened.with_context(|| format!("making {}; is the disk full or read-only?", file.display()))
}

/// The checker's binary: this program, or, where a test asks, the one that cargo has built beside it.
fn checker() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding the checker's own file")?;
    if own.file_name().is_some_and(|name| name == "checker") {
        return Ok(own);
    }
    let mut folders = own.ancestors().skip(1).take(2).map(|folder| folder.join("checker"));
    match folders.find(|file| file.is_file()) {
        Some(checker) => Ok(checker),
        None => bail!("there is no checker beside {}; cargo build --bin checker makes it", own.display()),
    }
}
