//! What a process says: whole in a file, up to a limit, the last lines at hand, and its panic.

use std::{collections::VecDeque, fs::File, io::Write, path::Path};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::story::LastWords;

/// What is kept of a log; a program that floods it must not fill the disk.
const FILE_LIMIT: usize = 16 * 1024 * 1024;
/// Lines of a log kept at hand for a story.
const LAST_LINES: usize = 200;
/// A longer line is cut.
const LINE_LIMIT: u64 = 4096;

pub struct Log {
    file: File,
    written: usize,
    last: VecDeque<String>,
    panic: Option<String>,
    /// The line after `panicked at` is the message.
    panic_message_follows: bool,
}

impl Log {
    pub fn create(folder: &Path, name: &str) -> anyhow::Result<Log> {
        let file = folder.join(format!("{}.log", name.replace(' ', "-")));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&file)
            .with_context(|| format!("making {}; is the disk full or read-only?", file.display()))?;
        Ok(Log { file, written: 0, last: VecDeque::new(), panic: None, panic_message_follows: false })
    }

    pub fn add(&mut self, line: &str) {
        self.notice_panic(line);
        if self.written < FILE_LIMIT {
            self.written += line.len() + 1;
            let end = if self.written < FILE_LIMIT { "" } else { "\n(the rest of this flood is not kept)" };
            // A full disk shows elsewhere, and must not end the judging.
            _ = writeln!(self.file, "{line}{end}");
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    /// How many of the lines at hand contain this.
    pub fn lines_with(&self, text: &str) -> usize {
        self.last.iter().filter(|line| line.contains(text)).count()
    }

    /// Where it panicked and what it said: `src/post.rs:42:9: index out of bounds`.
    pub fn panic(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    /// Its end, for a story.
    pub fn last_words(&self, process: &str, lines: usize) -> LastWords {
        let skip = self.last.len().saturating_sub(lines);
        LastWords {
            process: process.to_owned(),
            panic: self.panic.clone(),
            lines: self.last.iter().skip(skip).cloned().collect(),
        }
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

/// The next line, or the first part of one that is too long.
pub async fn next_line(lines: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = Vec::new();
    match lines.take(LINE_LIMIT).read_until(b'\n', &mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
    }
}
