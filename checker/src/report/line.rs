//! A promise in a line: its verdict, its number in the brief, its text, what it is worth and how long it took.

use console::measure_text_width;

use super::{figures, kind_and_points, look, look::Look, number, word};
use crate::{
    course::{Chapter, Kind},
    verdict::{Outcome, Verdict},
};

/// `✓ 1  `
const MARGIN: usize = 5;
/// `  12.34 s`
const SECONDS: usize = 9;
/// With less than this, kind and points are left out, so that the promise itself can be read.
const ROOMY: usize = 64;

/// The verdict's sign, in its colour. Plain text has the word.
pub fn mark(look: Look, verdict: Verdict) -> String {
    match verdict {
        _ if look.plain => word(verdict).to_owned(),
        Verdict::Passed => look.good("✓"),
        Verdict::Failed => look.bad("✗"),
        Verdict::Broken => look.odd("?"),
    }
}

/// One promise in the list of them all. One that is kept is a single line, cut where it must be; one that is open can be read.
pub fn in_list(look: Look, chapter: &Chapter, outcome: &Outcome) -> String {
    if look.plain {
        return plain(look, chapter, outcome);
    }
    let worth = kind_and_points(chapter, outcome, " · ");
    let worth_room =
        chapter.promises.iter().map(|promise| if promise.points > 9 { 16 } else { 15 }).max().unwrap_or(15);
    let right = if look.width >= ROOMY { 2 + worth_room + SECONDS } else { SECONDS };
    let longest = chapter.promises.iter().map(|promise| measure_text_width(&promise.text)).max().unwrap_or(0);
    let room = look.width.saturating_sub(MARGIN + right).min(longest.max(20));

    let rows = match outcome.verdict {
        Verdict::Passed => vec![look::cut(&outcome.promise, room)],
        Verdict::Failed | Verdict::Broken => look::wrap(&outcome.promise, room),
    };
    let mut lines = String::new();
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            lines.push_str(&format!("{}{row}\n", " ".repeat(MARGIN)));
            continue;
        }
        let number = number(chapter, &outcome.name).map_or("·".to_owned(), |number| number.to_string());
        let worth = match look.width >= ROOMY {
            true => format!("  {}", look.quiet(&look::left(&worth, worth_room))),
            false => String::new(),
        };
        let seconds = look.quiet(&look::right(&format!("{:.2} s", outcome.seconds), SECONDS));
        let mark = mark(look, outcome.verdict);
        lines.push_str(&format!("{mark}{}  {}{worth}{seconds}\n", look::right(&number, 2), look::left(row, room)));
    }
    lines
}

fn plain(look: Look, chapter: &Chapter, outcome: &Outcome) -> String {
    let worth = kind_and_points(chapter, outcome, ", ");
    format!("{} ({worth}, {:.2} s)\n", plain_name(look, chapter, outcome), outcome.seconds)
}

/// `failed  2. A login survives …`
fn plain_name(look: Look, chapter: &Chapter, outcome: &Outcome) -> String {
    let number = number(chapter, &outcome.name).map_or("-".to_owned(), |number| format!("{number}."));
    format!("{}  {} {}", mark(look, outcome.verdict), number, outcome.promise)
}

/// One promise over its story: in full, whatever its length.
pub fn as_heading(look: Look, chapter: &Chapter, outcome: &Outcome) -> String {
    if look.plain {
        let worth = kind_and_points(chapter, outcome, ", ");
        return format!("{} ({worth})\n", plain_name(look, chapter, outcome));
    }
    let worth = kind_and_points(chapter, outcome, " · ");
    let beside = look.width >= ROOMY;
    let room = look.width.saturating_sub(MARGIN + if beside { 2 + measure_text_width(&worth) } else { 0 });
    let number = number(chapter, &outcome.name).map_or("·".to_owned(), |number| number.to_string());
    let mut heading = String::new();
    for (at, row) in look::wrap(&outcome.promise, room).iter().enumerate() {
        heading.push_str(&match at {
            0 if beside => {
                let row = look.strong(&look::left(row, room));
                format!("{}{}  {row}  {}\n", mark(look, outcome.verdict), look::right(&number, 2), look.quiet(&worth))
            }
            0 => format!("{}{}  {}\n", mark(look, outcome.verdict), look::right(&number, 2), look.strong(row)),
            _ => format!("{}{}\n", " ".repeat(MARGIN), look.strong(row)),
        });
    }
    heading
}

/// Under a promise that worked before the learner began and does not now: what it means for the users. The story is told only of the
/// first open promise, and this is what a learner least expects.
pub fn why_a_guard_broke(look: Look, outcome: &Outcome) -> Option<String> {
    let story = outcome.story.as_ref()?;
    let why = look::wrap(&format!("this held before: {}", story.why), look.width.saturating_sub(MARGIN));
    let line = |row: &String| format!("{}{}\n", " ".repeat(MARGIN), look.odd(row));
    (outcome.kind == Kind::Baseline && outcome.verdict == Verdict::Failed && !story.why.is_empty())
        .then(|| why.iter().map(line).collect())
}

/// What the scenario measured, for those who asked for everything.
pub fn measured(look: Look, outcome: &Outcome) -> Option<String> {
    let figures: Vec<String> = outcome.measured.iter().map(|(name, value)| figures::named(name, value)).collect();
    let text = figures.join(if look.plain { ", " } else { " · " });
    let line = |row: &String| format!("{}{}\n", " ".repeat(MARGIN), look.quiet(row));
    (!figures.is_empty()).then(|| look::wrap(&text, look.width.saturating_sub(MARGIN)).iter().map(line).collect())
}
