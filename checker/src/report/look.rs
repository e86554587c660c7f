//! How a report looks: its width, its colours, and the laying out of text that both wrap round.
//!
//! Plain is for screen readers, pipes and logs: no colour, nothing drawn, and each verdict a word before it is a sign.

use std::ffi::OsStr;

use console::{Alignment, Style, Term, measure_text_width, pad_str, truncate_str};

/// Beyond this, an eye loses the line on its way to the right-hand columns.
const WIDEST: usize = 120;
/// Below this, nothing with columns is readable; lines run over the edge instead.
const NARROWEST: usize = 40;
/// What a pipe is given.
const USUAL: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub width: usize,
    pub plain: bool,
}

impl Look {
    pub fn rich(width: usize) -> Look {
        Look { width: width.clamp(NARROWEST, WIDEST), plain: false }
    }

    pub fn plain(width: usize) -> Look {
        Look { plain: true, ..Look::rich(width) }
    }

    /// For what goes to stdout: plain if asked for, and wherever colours would be noise.
    pub fn of_stdout(plain: bool) -> Look {
        let term = Term::stdout();
        let width = term.size_checked().map_or(USUAL, |(_, columns)| usize::from(columns));
        if plain || plain_by_environment() || !term.is_term() { Look::plain(width) } else { Look::rich(width) }
    }

    pub fn good(self, text: &str) -> String {
        self.paint(&Style::new().green(), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.paint(&Style::new().red(), text)
    }

    pub fn odd(self, text: &str) -> String {
        self.paint(&Style::new().yellow(), text)
    }

    pub fn strong(self, text: &str) -> String {
        self.paint(&Style::new().bold(), text)
    }

    pub fn quiet(self, text: &str) -> String {
        self.paint(&Style::new().dim(), text)
    }

    /// What a learner's program wrote.
    pub fn theirs(self, text: &str) -> String {
        self.paint(&Style::new().magenta(), text)
    }

    /// What is to be typed, or is new.
    pub fn bright(self, text: &str) -> String {
        self.paint(&Style::new().cyan().bold(), text)
    }

    fn paint(self, style: &Style, text: &str) -> String {
        if self.plain || text.is_empty() {
            return text.to_owned();
        }
        // Decided once, in `of_stdout`; the crate would look at the environment again.
        style.clone().force_styling(true).apply_to(text).to_string()
    }

    /// Text under a heading, each row indented and no wider than this look.
    pub fn paragraph(self, indent: usize, text: &str) -> String {
        let margin = " ".repeat(indent);
        wrap(text, self.width.saturating_sub(indent)).iter().map(|row| format!("{margin}{row}\n")).collect()
    }

    /// A word at the margin, and what belongs to it beside it: `next      cargo xtask hint 04`.
    pub fn labelled(self, label: &str, column: usize, text: &str, paint: impl Fn(&str) -> String) -> String {
        let indent = 2 + column;
        let mut block = String::new();
        for (at, row) in wrap(text, self.width.saturating_sub(indent)).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let margin = format!("  {}", self.quiet(&left(label, column)));
            block.push_str(&format!("{}{}\n", if at == 0 { margin } else { " ".repeat(indent) }, paint(row)));
        }
        block
    }
}

/// Whether the surroundings ask for plain text: `NO_COLOR` (no-color.org) or a terminal that can only print.
pub fn plain_by_environment() -> bool {
    asks_for_plain(std::env::var_os("NO_COLOR").as_deref(), std::env::var_os("TERM").as_deref())
}

fn asks_for_plain(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_some_and(|value| !value.is_empty()) || term.is_some_and(|term| term == "dumb")
}

/// Padded to `width` columns.
pub fn left(text: &str, width: usize) -> String {
    pad_str(text, width, Alignment::Left, None).into_owned()
}

/// Padded to `width` columns, flush right.
pub fn right(text: &str, width: usize) -> String {
    pad_str(text, width, Alignment::Right, None).into_owned()
}

/// As much of it as fits, and a sign that there was more.
pub fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, "…").into_owned()
}

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// Rows of at most `width` columns, broken at spaces where there are any, at line ends always. Runs of spaces stay as they
/// are: they may be what the story is about.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let room = width.max(1);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = String::new();
        for word in line.split_inclusive(' ') {
            if measure_text_width(&row) + measure_text_width(word.trim_end()) > room && !row.is_empty() {
                rows.push(row.trim_end().to_owned());
                row.clear();
            }
            for letter in word.chars() {
                row.push(letter);
                // A word that is wider than a row, an address say, is broken where it must be.
                if letter != ' ' && measure_text_width(&row) > room {
                    row.pop();
                    rows.push(std::mem::take(&mut row));
                    row.push(letter);
                }
            }
        }
        rows.push(row.trim_end().to_owned());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surroundings_may_ask_for_plain_text() {
        let asks = |no_color: Option<&'static str>, term: Option<&'static str>| {
            asks_for_plain(no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert!(asks(Some("1"), Some("xterm")) && asks(Some("0"), None), "any value does");
        assert!(!asks(Some(""), Some("xterm")), "an empty one is none, says no-color.org");
        assert!(asks(None, Some("dumb")) && !asks(None, None));
    }

    #[test]
    fn text_breaks_at_spaces_and_keeps_the_others() {
        assert_eq!(wrap("alice  logs in", 80), ["alice  logs in"]);
        assert_eq!(wrap("alice logs in", 10), ["alice logs", "in"]);
        assert_eq!(wrap("one\ntwo\n\nthree", 10), ["one", "two", "", "three"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn what_has_no_space_breaks_at_the_edge() {
        assert_eq!(wrap("see http://127.0.0.1:40001/u/alice", 12), ["see", "http://127.0", ".0.1:40001/u", "/alice"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"], "two columns each");
    }
}
