//! Makes harmless what a learner's program wrote, before any report shows it.
//!
//! A log line or a page may hold colours, cursor movements, a terminal's title, text that runs backwards, or a megabyte of
//! zeros. Colours are taken away, all else that would act instead of being read is shown as a sign, and what is too long is cut.
//! Nothing is dropped silently: an escape sequence in a post is what the story may be about.

use std::{borrow::Cow, ops::Range};

use serde_json::Value;

use crate::{
    story::{LastWords, Moment, Story},
    verdict::{Outcome, Report},
};

/// Characters of one text that a report keeps; the evidence has the whole.
const LONGEST: usize = 2_000;
/// Log lines of one process that a report keeps.
const MOST_LINES: usize = 40;

/// Every text of it made harmless, and its figures rounded to what was measured.
pub fn report(report: &Report) -> Report {
    Report { target: text(&report.target), scenarios: report.scenarios.iter().map(outcome).collect(), ..report.clone() }
}

pub fn outcome(outcome: &Outcome) -> Outcome {
    Outcome {
        seconds: to_the_millisecond(outcome.seconds),
        measured: outcome.measured.iter().map(|(name, value)| (text(name), figure(value))).collect(),
        story: outcome.story.as_ref().map(story),
        broken: outcome.broken.as_deref().map(text),
        ..outcome.clone()
    }
}

pub fn story(story: &Story) -> Story {
    let moment =
        |moment: &Moment| Moment { at: to_the_millisecond(moment.at), act: text(&moment.act), saw: text(&moment.saw) };
    Story {
        timeline: story.timeline.iter().map(moment).collect(),
        expected: text(&story.expected),
        saw: text(&story.saw),
        why: text(&story.why),
        last_words: story.last_words.iter().map(last_words).collect(),
    }
}

fn last_words(words: &LastWords) -> LastWords {
    let last = words.lines.len().saturating_sub(MOST_LINES);
    LastWords {
        process: text(&words.process),
        panic: words.panic.as_deref().map(text),
        lines: words.lines[last..].iter().map(|line| text(line)).collect(),
    }
}

fn figure(value: &Value) -> Value {
    match value {
        Value::String(words) => Value::String(text(words)),
        Value::Array(values) => Value::Array(values.iter().map(figure).collect()),
        other => other.clone(),
    }
}

fn to_the_millisecond(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// One text, harmless; line ends stay, since a report indents what follows them.
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let without_colours = without_colours(text);
    let mut letters = without_colours.trim_end().chars().peekable();
    let mut kept = 0;
    while let Some(letter) = letters.next() {
        if kept == LONGEST {
            shown.push_str(&format!("… ({} more characters)", letters.count() + 1));
            break;
        }
        kept += 1;
        match letter {
            '\n' => shown.push('\n'),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\t' => shown.push_str("    "),
            control @ '\0'..='\x1f' => {
                // Unicode has a picture of each, in the same order: ␀, ␁, … ␛.
                shown.push(char::from_u32(0x2400 + u32::from(control)).unwrap_or('\u{fffd}'));
            }
            '\x7f' => shown.push('␡'),
            other if acts(other) => shown.push('\u{fffd}'),
            other => shown.push(other),
        }
    }
    shown
}

/// Controls of the upper half, what turns the direction of text round, line ends that only some programs see, and what
/// XML cannot hold.
fn acts(letter: char) -> bool {
    const TURNS: [Range<char>; 2] = ['\u{202a}'..'\u{202f}', '\u{2066}'..'\u{206a}'];
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        || TURNS.iter().any(|turn| turn.contains(&letter))
}

/// Without the sequences that only set colours. Others stay, to be shown: one without an end would swallow the rest.
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains("\x1b[") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\x1b[");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let parameters = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || ";:".contains(letter));
        match parameters.strip_prefix('m') {
            Some(rest) => shown.push_str(rest),
            None => shown.extend(["\x1b[", part]),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_commands_are_shown() {
        assert_eq!(text("\x1b[1;32m INFO\x1b[0m served"), " INFO served");
        assert_eq!(text("\x1b[2J\x1b[Hgone"), "␛[2J␛[Hgone");
        assert_eq!(text("\x1b]0;owned\x07, and the rest"), "␛]0;owned␇, and the rest");
        assert_eq!(text("cut off \x1b["), "cut off ␛[");
    }

    #[test]
    fn nothing_is_left_that_acts() {
        assert_eq!(text("a\tb\r\nc\rd\0"), "a    b\nc␍d␀");
        assert_eq!(text("\u{9b}2J \u{202e}evil\u{202c}"), "\u{fffd}2J \u{fffd}evil\u{fffd}");
        assert_eq!(text("👩‍👩‍👧 naïve 漢字"), "👩‍👩‍👧 naïve 漢字", "people's text stays as it is");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let shown = text(&"é".repeat(5_000));
        assert!(shown.ends_with("é… (3000 more characters)"), "{shown}");
        assert_eq!(shown.chars().filter(|&letter| letter == 'é').count(), LONGEST);
    }
}
