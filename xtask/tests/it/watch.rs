//! `watch` where there is no terminal: it checks on a save, and ends when it is asked to.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Clone, RIGHT};

/// A build of a line and a check that only looks like one take a second; this is for a machine that does much else.
const LONG: Duration = Duration::from_secs(120);

struct Watching {
    child: Child,
    said: Receiver<String>,
}

impl Watching {
    fn start(clone: &Clone) -> Self {
        let mut child = clone.command("watch 1").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (say, said) = mpsc::channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { child, said }
    }

    /// Waits for a line with these words.
    #[track_caller]
    fn says(&self, words: &str) -> String {
        let mut before = Vec::new();
        while let Ok(line) = self.said.recv_timeout(LONG) {
            if line.contains(words) {
                return line;
            }
            before.push(line);
        }
        panic!("it never says `{words}`, only {before:#?}");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_save_checks_again_and_what_failed_comes_first() {
    let clone = Clone::new();
    let mut watching = Watching::start(&clone);
    let first = watching.says("fake checker: check 01");
    assert!(!first.contains("--first"), "nothing has failed yet: {first}");
    watching.says("watching chapters/01-first; Ctrl-C quits");

    clone.write("chapters/01-first/src/main.rs", "fn main() { nonsense() }");
    watching.says("cannot find function `nonsense`");
    watching.says("watching chapters/01-first");
    clone.write("chapters/01-first/src/main.rs", RIGHT);
    assert!(watching.says("fake checker: check 01").contains("--first first"));
    watching.says("watching chapters/01-first");

    let id = Pid::from_child(&watching.child);
    kill_process(id, Signal::TERM).unwrap();
    assert_eq!(watching.child.wait().unwrap().code(), Some(0), "it ends with the last verdict");
}
