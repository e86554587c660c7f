//! What every command prints with: the width, the colours, and words that do without either.

use std::{
    env,
    io::{IsTerminal, stderr},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use console::{Term, style};

/// Set once, before anything is printed.
static PLAIN: AtomicBool = AtomicBool::new(false);

/// For screen readers and logs: no colours, no redrawing, words for signs.
pub fn be_plain() {
    PLAIN.store(true, Ordering::Relaxed);
    console::set_colors_enabled(false);
    console::set_colors_enabled_stderr(false);
}

/// Whether `--plain` was asked for. The checker is told so; the rest it finds out for itself.
pub fn plain_asked() -> bool {
    PLAIN.load(Ordering::Relaxed)
}

/// Whether to use words for signs: `--plain`, or stdout has no colours (a pipe, NO_COLOR, TERM=dumb).
pub fn is_plain() -> bool {
    plain_asked() || !console::colors_enabled()
}

/// Whether a line on stderr can be drawn over.
pub fn redraws() -> bool {
    !plain_asked() && stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns to write in; a page wider than 100 is no easier to read.
pub fn width() -> usize {
    Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns).clamp(40, 100))
}

/// A text of several lines, indented, its long lines broken between words. Code keeps its own indentation, and what is
/// broken off one of its lines stands a little further in.
pub fn indented(text: &str, indent: usize) -> String {
    let mut page = String::new();
    for line in text.trim_matches('\n').lines() {
        let own = line.len() - line.trim_start().len();
        let mut indent = indent + own;
        let mut rest = line.trim();
        loop {
            let (head, tail) = break_line(rest, width().saturating_sub(indent + 1));
            page.push_str(&format!("{}\n", format!("{:indent$}{head}", "").trim_end()));
            if tail.is_empty() {
                break;
            }
            if rest.len() == line.trim().len() && own > 0 {
                indent += 2;
            }
            rest = tail;
        }
    }
    page
}

/// One of a list.
pub fn item(text: &str) -> String {
    format!("  - {}", indented(text, 4).trim_start())
}

/// The longest beginning that fits, ending at a word's end, and what is left over.
fn break_line(line: &str, room: usize) -> (&str, &str) {
    if console::measure_text_width(line) <= room {
        return (line, "");
    }
    let fits = |end: &usize| console::measure_text_width(&line[..*end]) <= room;
    let spaces = line.match_indices(' ').map(|(at, _)| at).filter(|at| *at > 0);
    let end = spaces.clone().take_while(fits).last().or_else(|| spaces.clone().next());
    end.map_or((line, ""), |end| (&line[..end], line[end..].trim_start()))
}

/// A sentence on stderr about something that went wrong but does not stop the command.
pub fn warn(sentence: impl std::fmt::Display) {
    eprintln!("{} {sentence}", style("warning:").for_stderr().yellow().bold());
}

/// `9 s`, `1 min 40 s`.
pub fn lasted(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words() {
        assert_eq!(break_line("server 2 has never met you", 13), ("server 2 has", "never met you"));
        assert_eq!(break_line("short", 13), ("short", ""));
        assert_eq!(break_line("unbreakable_word_of_many_letters and", 13), ("unbreakable_word_of_many_letters", "and"));
    }

    #[test]
    fn code_keeps_its_indentation() {
        let long = "word ".repeat(width() / 5 + 1);
        let page = indented(&format!("\n    first\n        second\n    {long}\n\nplain\n"), 4);
        let starts: Vec<usize> = page.lines().map(|line| line.len() - line.trim_start().len()).collect();
        assert_eq!(starts, [8, 12, 8, 10, 0, 4]);
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(lasted(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(lasted(Duration::from_secs(100)), "1 min 40 s");
    }
}
