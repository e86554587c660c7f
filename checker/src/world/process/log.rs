//! What a process says: whole in a file, up to a limit, at hand what a story may tell, and its panic.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::{
    program::{Program, known_names},
    story::{LEFT_OUT, LastWords},
};

/// What is kept of a log; a program that floods it must not fill the disk.
const FILE_LIMIT: usize = 16 * 1024 * 1024;
/// Lines of a log kept at hand for a story, and of each kind of complaint as many again: a crowd soon buries them.
const AT_HAND: usize = 200;
/// Of the lines that a story tells, so many are whatever came last.
const NEWEST: usize = 2;
/// So many, where all went well.
const QUIET: usize = 3;
/// A longer line is cut.
const LINE_LIMIT: u64 = 4096;

pub struct Log {
    file: File,
    /// As in [`Program`].
    names: Vec<(String, String)>,
    written: usize,
    /// How many lines there were.
    lines: usize,
    last: VecDeque<Line>,
    warnings: VecDeque<Line>,
    errors: VecDeque<Line>,
    panic: Option<Panic>,
    /// The lines that come may belong to a panic.
    panicking: Option<Panicking>,
}

#[derive(Clone)]
struct Line {
    number: usize,
    at: SystemTime,
    text: String,
}

/// `src/post.rs:42:9`, and what it said.
struct Panic {
    place: String,
    message: String,
}

struct Panicking {
    /// It is the one that is told. Others at the same place say nothing new, and are left out as well.
    is_first: bool,
    has_message: bool,
}

#[derive(PartialEq)]
enum Kind {
    /// Of a panic that is told apart.
    Told,
    /// All went well.
    Quiet,
    Warning,
    /// Or something that has no level: a print of the learner's own, a backtrace.
    Error,
}

impl Log {
    pub fn create(folder: &Path, name: &str, program: &Program) -> anyhow::Result<Log> {
        let file = folder.join(format!("{}.log", name.replace(' ', "-")));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&file)
            .with_context(|| format!("making {}; is the disk full or read-only?", file.display()))?;
        Ok(Log {
            file,
            names: program.names.clone(),
            written: 0,
            lines: 0,
            last: VecDeque::new(),
            warnings: VecDeque::new(),
            errors: VecDeque::new(),
            panic: None,
            panicking: None,
        })
    }

    pub fn add(&mut self, line: &str) {
        let line = &*known_names(&self.names, line);
        if self.written < FILE_LIMIT {
            self.written += line.len() + 1;
            let end = if self.written < FILE_LIMIT { "" } else { "\n(the rest of this flood is not kept)" };
            // A full disk shows elsewhere, and must not end the judging.
            _ = writeln!(self.file, "{line}{end}");
        }
        let kind = if self.belongs_to_a_panic(line) { Kind::Told } else { level(line).unwrap_or(Kind::Error) };
        if kind == Kind::Told || line.trim().is_empty() {
            return;
        }
        self.lines += 1;
        let now = SystemTime::now();
        let line = Line { number: self.lines, at: stamp(line, now).unwrap_or(now), text: line.to_owned() };
        match kind {
            Kind::Told | Kind::Quiet => {}
            Kind::Warning => push(&mut self.warnings, line.clone()),
            Kind::Error => push(&mut self.errors, line.clone()),
        }
        push(&mut self.last, line);
    }

    /// Whether there was something out of the ordinary by then.
    pub fn has_complaints(&self, until: SystemTime) -> bool {
        self.errors.iter().chain(&self.warnings).any(|line| line.at <= until)
    }

    /// Where it panicked: `src/post.rs:42:9`.
    pub fn panicked_at(&self) -> Option<&str> {
        self.panic.as_ref().map(|panic| panic.place.as_str())
    }

    /// For a story, so many of the lines that it had said by then: the newest, and before them rather complaints, each once,
    /// than what went well.
    pub fn last_words(&self, process: &str, lines: usize, until: SystemTime) -> LastWords {
        fn by_then(kept: &VecDeque<Line>, until: SystemTime) -> impl Iterator<Item = &Line> {
            kept.iter().rev().filter(move |line| line.at <= until)
        }
        let mut told: BTreeMap<usize, &Line> =
            by_then(&self.last, until).take(NEWEST.min(lines)).map(|line| (line.number, line)).collect();
        let mut known: BTreeSet<String> = told.values().map(|line| sense(line)).collect();
        let complaints = by_then(&self.errors, until).chain(by_then(&self.warnings, until));
        let complaints: Vec<&Line> = complaints.filter(|line| known.insert(sense(line))).collect();
        let rest = by_then(&self.last, until).take(if complaints.is_empty() { QUIET } else { 0 });
        for line in complaints.into_iter().chain(rest) {
            if told.len() < lines {
                told.insert(line.number, line);
            }
        }
        let mut excerpt = Vec::new();
        let mut last = None;
        for (number, line) in told {
            if last.is_some_and(|last| last + 1 < number) {
                excerpt.push(LEFT_OUT.to_owned());
            }
            excerpt.push(line.text.clone());
            last = Some(number);
        }
        let panic = self.panic.as_ref().map(|Panic { place, message }| format!("{place}: {message}"));
        LastWords { process: process.to_owned(), panic, lines: excerpt }
    }

    /// `thread 'main' (4242) panicked at src/post.rs:42:9:`, what it says on the next line and on those after it that are
    /// indented, and how to see more of it.
    fn belongs_to_a_panic(&mut self, line: &str) -> bool {
        if let Some((_, place)) = line.split_once("panicked at ") {
            let place = place.trim().trim_end_matches(':');
            let is_first = self.panic.is_none();
            let told = self.panic.get_or_insert_with(|| Panic { place: place.to_owned(), message: String::new() });
            let is_told = told.place == place;
            self.panicking = is_told.then_some(Panicking { is_first, has_message: false });
            return is_told;
        }
        match (&mut self.panicking, &mut self.panic) {
            (Some(panicking), Some(panic)) if !panicking.has_message || line.starts_with(' ') => {
                if panicking.is_first {
                    panic.message.push_str(if panicking.has_message { ", " } else { "" });
                    panic.message.push_str(line.trim());
                }
                panicking.has_message = true;
                true
            }
            _ => self.panicking.take().is_some() && line.starts_with("note: run with `RUST_BACKTRACE"),
        }
    }
}

fn push(lines: &mut VecDeque<Line>, line: Line) {
    if lines.len() == AT_HAND {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// What is the same in complaints about the same: times and numbers differ. A print without a level is about its numbers.
fn sense(line: &Line) -> String {
    match level(&line.text) {
        Some(_) => line.text.chars().filter(|letter| !letter.is_ascii_digit()).collect(),
        None => line.text.clone(),
    }
}

/// As the beginning of a line has it.
fn level(line: &str) -> Option<Kind> {
    const BEGINNING: usize = 80;
    let beginning: String = line.chars().take(BEGINNING).collect();
    let levels = [
        ("ERROR", Kind::Error),
        ("WARN", Kind::Warning),
        ("INFO", Kind::Quiet),
        ("DEBUG", Kind::Quiet),
        ("TRACE", Kind::Quiet),
    ];
    levels.into_iter().find(|(level, _)| beginning.contains(level)).map(|(_, kind)| kind)
}

/// When it was said, where the line tells: a log is read a moment after it was written, and that moment may be the one in
/// which a failure was seen. A clock of another kind than ours does not count.
fn stamp(line: &str, now: SystemTime) -> Option<SystemTime> {
    const ON_ITS_WAY: Duration = Duration::from_secs(60);
    let line = line.strip_prefix("{\"timestamp\":\"").unwrap_or(line);
    let stamp = humantime::parse_rfc3339(line.split([' ', '"']).next()?).ok()?;
    now.duration_since(stamp).is_ok_and(|age| age < ON_ITS_WAY).then_some(stamp)
}

/// The next line, or the first part of one that is too long.
pub async fn next_line(lines: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = Vec::new();
    match lines.take(LINE_LIMIT).read_until(b'\n', &mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().expect("there is a place");
        let program = Program::binary(Path::new("gossip"), "gossip");
        let mut log = Log::create(folder.path(), "the server", &program).expect("files can be made");
        lines.iter().for_each(|line| log.add(line));
        (folder, log)
    }

    fn told(log: &Log, lines: usize) -> Vec<String> {
        log.last_words("the server", lines, SystemTime::now()).lines
    }

    #[test]
    fn complaints_are_told_before_what_went_well() {
        let mut lines = vec!["INFO 1", "ERROR 2", "INFO 3", "n = 4", "n = 5", "WARN 6", "WARN 7"];
        lines.resize(400, "INFO served");
        lines.extend(["ERROR 401", "INFO the last"]);
        let (_folder, log) = said(&lines);
        let all = ["n = 4", "n = 5", "…", "WARN 7", "…", "ERROR 401", "INFO the last"];
        assert_eq!(told(&log, 6), all);
        assert_eq!(told(&log, 3), ["n = 5", "…", "ERROR 401", "INFO the last"]);
        assert!(log.has_complaints(SystemTime::now()));

        let (_folder, log) = said(&["INFO one", "INFO two", "INFO three"]);
        assert_eq!(told(&log, 2), ["INFO two", "INFO three"]);
        assert!(!log.has_complaints(SystemTime::now()));
    }

    #[test]
    fn what_was_said_after_the_failure_is_not_told() {
        let (_folder, mut log) = said(&["INFO one"]);
        let failure = SystemTime::now();
        // Read too late, and written before.
        let before = humantime::format_rfc3339_micros(failure - Duration::from_millis(1));
        let after = humantime::format_rfc3339_micros(failure + Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(5));
        log.add(&format!("{before} ERROR two"));
        log.add(&format!("{{\"timestamp\":\"{before}\",\"level\":\"WARN\"}}"));
        log.add(&format!("{after} ERROR four"));
        log.add("five, and no time");
        log.add("1999-12-31T23:59:59Z ERROR six, by a clock of its own");
        let lines = log.last_words("the server", 9, failure).lines;
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[2].contains("WARN"), "{lines:?}");
    }

    #[test]
    fn a_panic_is_told_apart_and_once() {
        let again = ["thread 'main' panicked at src/post.rs:42:9:", "assertion `left == right` failed", "  left: 1"];
        let mut lines = vec!["INFO one", ""];
        lines.extend(again);
        lines.extend([" right: 2", "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"]);
        lines.push("INFO two");
        lines.extend(again);
        lines.extend(["thread 'main' panicked at src/user.rs:1:1:", "and something else"]);
        let (_folder, log) = said(&lines);
        let words = log.last_words("the server", 9, SystemTime::now());
        let panic = "src/post.rs:42:9: assertion `left == right` failed, left: 1, right: 2";
        assert_eq!((words.panic.as_deref(), words.panicked_at()), (Some(panic), Some("src/post.rs:42:9")));
        assert_eq!(words.lines, ["INFO two", lines[11], "and something else"]);
    }
}
