//! `watch`: a check on every save. Times of files are polled, because notifications do not reach every mount.

use std::{
    collections::BTreeMap,
    fs,
    io::{IsTerminal, stdin},
    path::{Path, PathBuf},
    rc::Rc,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr},
};

use crate::{
    check::Check,
    child,
    course::Chapter,
    diff::Diff,
    hint::Hint,
    list::List,
    screen::{self, warn},
    start::Next,
    workshop::Workshop,
};

const HELP: &str = "\
It checks at once and after every save, the promise that failed last before the others.
Keys: h hint, d diff, l list, n next chapter, enter check again, q quit.

Example:
  cargo xtask watch 01

The exit code is that of the last check: 0 passed, 1 failed, 2 broken.";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Watch {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    chapter: Option<String>,
}

/// Files are looked at this often. A save is noticed before a hand is off the keyboard, and looking costs a millisecond.
const LOOK_EVERY: Duration = Duration::from_millis(200);

type Seen = BTreeMap<PathBuf, (SystemTime, u64)>;

enum Wake {
    Saved,
    Key(u8),
    Ended,
}

impl Watch {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        child::watch_signals()?;
        let mut chapter = workshop.chapter(self.chapter.as_deref())?;
        loop {
            let folder = chapter.path(&workshop.repository.root);
            let seen = look(&folder);
            workshop.progress.reload();
            let open = workshop.open_promises(&chapter).unwrap_or_default();
            let check = Check { first: open.into_iter().next(), ..Check::default() };
            // What could not be checked (a manifest that cargo cannot read) may be mended by the next save.
            let checked = check.check(workshop, &chapter);
            if child::asked_to_end() {
                return Ok(checked.unwrap_or(128 + 2));
            }
            let verdict = report(checked);
            invite(workshop, &chapter);
            if !Self::wait(workshop, &mut chapter, seen)? {
                return Ok(verdict);
            }
        }
    }

    /// Until there is something to check; false to quit. A save during the check is one since `seen`.
    fn wait(workshop: &mut Workshop, chapter: &mut Rc<Chapter>, seen: Seen) -> Result<bool> {
        loop {
            let folder = chapter.path(&workshop.repository.root);
            let asked = Some(chapter.number());
            let woken = wake(&folder, &seen)?;
            if matches!(woken, Wake::Saved | Wake::Key(b'\n' | b'\r' | b'd' | b'l' | b'n')) {
                eprintln!();
            }
            match woken {
                Wake::Saved | Wake::Key(b'\n' | b'\r') => return Ok(true),
                Wake::Ended | Wake::Key(b'q') => return Ok(false),
                Wake::Key(b'h') => report(Hint { chapter: asked, ..Hint::default() }.run(workshop)),
                Wake::Key(b'd') => report(Diff { chapter: asked, ..Diff::default() }.run(workshop)),
                Wake::Key(b'l') => report(List::default().run(workshop)),
                Wake::Key(b'n') => {
                    workshop.progress.change(|progress| progress.is_at(chapter));
                    report(Next::default().run(workshop));
                    let next = workshop.chapter(None)?;
                    if next.number != chapter.number {
                        *chapter = next;
                        return Ok(true);
                    }
                    0
                }
                Wake::Key(_) => continue,
            };
            invite(workshop, chapter);
        }
    }
}

fn report(result: Result<u8>) -> u8 {
    result.unwrap_or_else(|error| {
        warn(format!("{error:#}"));
        2
    })
}

fn invite(workshop: &Workshop, chapter: &Chapter) {
    let folder = chapter.path(&workshop.repository.root);
    let watching = format!("watching {}", workshop.repository.relative(&folder));
    if !stdin().is_terminal() {
        eprintln!("\n{watching}; Ctrl-C quits");
        return;
    }
    let keys = [("h", "hint"), ("d", "diff"), ("l", "list"), ("n", "next"), ("q", "quit"), ("enter", "again")];
    let keys = keys.map(|(key, does)| format!("{} {does}", style(key).for_stderr().bold()));
    let rule = if screen::is_plain() { String::new() } else { "─".repeat(screen::width() - 1) };
    eprintln!("\n{}", style(rule).for_stderr().dim());
    eprintln!("{watching}\n{}", keys.join("   "));
}

/// Waits for a save or a key. Of a save, until it is over: editors write in several steps.
fn wake(folder: &Path, seen: &Seen) -> Result<Wake> {
    let keys = Keys::open()?;
    loop {
        if child::asked_to_end() {
            return Ok(Wake::Ended);
        }
        let mut now = look(folder);
        if now != *seen {
            loop {
                thread::sleep(Duration::from_millis(100));
                let later = look(folder);
                if later == now {
                    return Ok(Wake::Saved);
                }
                now = later;
            }
        }
        match &keys {
            Some(keys) => {
                if let Some(key) = keys.read() {
                    return Ok(Wake::Key(key));
                }
            }
            None => thread::sleep(LOOK_EVERY),
        }
    }
}

/// When each of the learner's files was written, and how long it is. What editors leave beside a file is not the learner's.
fn look(folder: &Path) -> Seen {
    let mut seen = Seen::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(['.', '#']) || name.ends_with('~') || name == "target" {
                continue;
            }
            match entry.metadata() {
                Ok(data) if data.is_dir() => open.push(entry.path()),
                Ok(data) => {
                    seen.insert(entry.path(), (data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len()));
                }
                Err(_) => {}
            }
        }
    }
    seen
}

/// The terminal while it gives single keys. Ctrl-C stays a signal; what was before comes back on drop.
struct Keys {
    before: Termios,
    single: Termios,
}

impl Keys {
    fn open() -> Result<Option<Self>> {
        if !stdin().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdin()).context("cannot ask the terminal for its settings")?;
        let mut single = before.clone();
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // A read gives what there is, and does not wait.
        single.special_codes[SpecialCodeIndex::VMIN] = 0;
        single.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &single).context("cannot ask the terminal for single keys")?;
        Ok(Some(Self { before, single }))
    }

    /// A key, or none after [`LOOK_EVERY`].
    fn read(&self) -> Option<u8> {
        // A shell that had us stopped (Ctrl-Z) gives the terminal back with its own settings, and keys would come by the
        // line.
        if tcgetattr(stdin()).is_ok_and(|now| now.local_modes.contains(LocalModes::ICANON)) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.single);
        }
        let stdin = stdin();
        let patience = Timespec::try_from(LOOK_EVERY).ok();
        // A signal ends the wait; whoever calls looks whether it asked us to end.
        let ready = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], patience.as_ref());
        let mut key = [0];
        if ready.is_ok_and(|count| count == 0) {
            return None;
        }
        let read = matches!(rustix::io::read(stdin, &mut key), Ok(1));
        if !read {
            // A terminal that is gone is always ready, with nothing.
            thread::sleep(LOOK_EVERY);
        }
        read.then_some(key[0])
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_seen_and_an_editors_swap_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.rs"), "one").unwrap();
        let before = look(folder.path());
        fs::write(folder.path().join("src/.main.rs.swp"), "swap").unwrap();
        assert!(look(folder.path()) == before);
        fs::write(folder.path().join("src/main.rs"), "three").unwrap();
        assert!(look(folder.path()) != before);
    }
}
