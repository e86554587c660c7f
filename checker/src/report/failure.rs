//! A promise that is open, told in full: what was done and what users saw, what was expected, what the program said of it, and
//! where to look next.

use std::path::Path;

use super::{clean, line, look, look::Look, number};
use crate::{
    course::Chapter,
    story::{LastWords, Moment, Story},
    verdict::{Outcome, Verdict},
    workshop,
};

/// The column of what follows `expected`, `saw`, `next` and `evidence`.
const LABEL: usize = 10;
/// What users saw stands beside what was done from here on, and under it when there is less room.
const TWO_COLUMNS: usize = 76;
/// Moments at the beginning and at the end of a long timeline; the evidence has them all.
const BEGINNING: usize = 8;
const END: usize = 20;
/// Of the lines that a process said, and of the rows that one of them may take, when not all is asked for.
const LAST_LINES: usize = 12;
const ROWS_OF_A_LINE: usize = 3;

/// A failed promise with its story, or one that could not be judged with the reason. The hints that come by themselves are those
/// for the first promise that is open in the learner's own chapter; unless it `is_next` there, it has to be named.
pub fn tell(look: Look, chapter: &Chapter, outcome: &Outcome, all: bool, is_next: bool) -> String {
    let outcome = clean::outcome(outcome);
    let mut text = line::as_heading(look, chapter, &outcome);
    if let Some(story) = &outcome.story {
        text.push_str(&timeline(look, &story.timeline, all));
        text.push('\n');
        text.push_str(&look.labelled("expected", LABEL, &story.expected, str::to_owned));
        text.push_str(&look.labelled("saw", LABEL, &story.saw, |row| look.bad(row)));
        if !story.why.is_empty() {
            text.push('\n');
            text.push_str(&strong_paragraph(look, &story.why));
        }
        text.push_str(&last_words(look, story, all));
        text.push('\n');
    }
    if outcome.verdict == Verdict::Broken {
        let reason = outcome.broken.as_deref().unwrap_or("no reason was given");
        text.push_str(&look.labelled("reason", LABEL, reason, |row| look.odd(row)));
    } else {
        let next = match outcome.story.as_ref().and_then(panicked_at) {
            Some(place) => format!("{place}, where it panicked"),
            None if is_next => format!("cargo xtask hint {:02}", chapter.number),
            None => {
                let name =
                    number(chapter, &outcome.name).map_or_else(|| outcome.name.clone(), |number| number.to_string());
                format!("cargo xtask hint {:02} --promise {name}", chapter.number)
            }
        };
        text.push_str(&look.labelled("next", LABEL, &next, |row| look.bright(row)));
    }
    if let Some(evidence) = &outcome.evidence {
        // On a line of its own however long it is: a path with a line end in it cannot be copied.
        let label = look.quiet(&look::left("evidence", LABEL));
        text.push_str(&format!("  {label}{}\n", from_the_root(evidence)));
    }
    text
}

/// Where the program panicked, unless that is in a library: no hint says more.
fn panicked_at(story: &Story) -> Option<&str> {
    let is_in_a_library =
        |place: &str| ["/registry/src/", "/git/checkouts/", "/rustc/"].iter().any(|of| place.contains(of));
    story.last_words.iter().filter_map(LastWords::panicked_at).find(|place| !is_in_a_library(place))
}

/// As people type it: from the repository's root, where it is in there.
pub(super) fn from_the_root(path: &Path) -> String {
    let path = path.strip_prefix(workshop::root()).unwrap_or(path);
    clean::text(&path.display().to_string())
}

fn strong_paragraph(look: Look, text: &str) -> String {
    look::wrap(text, look.width.saturating_sub(2)).iter().map(|row| format!("  {}\n", look.strong(row))).collect()
}

/// What was done and seen, with the time of each. Neighbours that are the same are told once.
fn timeline(look: Look, moments: &[Moment], all: bool) -> String {
    let mut told: Vec<(Moment, usize)> = Vec::new();
    for moment in moments {
        match told.last_mut() {
            Some((last, times)) if last.act == moment.act && last.saw == moment.saw => *times += 1,
            _ => told.push((moment.clone(), 1)),
        }
    }
    for (moment, times) in &mut told {
        if *times > 1 {
            moment.act.push_str(&format!(" ({times} times)"));
        }
    }
    let moments: Vec<Moment> = told.into_iter().map(|(moment, _)| moment).collect();
    let columns = Columns::of(look, &moments);

    let left_out = if all { 0 } else { moments.len().saturating_sub(BEGINNING + END) };
    let mut text = String::new();
    for (at, moment) in moments.iter().enumerate() {
        if left_out > 0 && at == BEGINNING {
            let times = " ".repeat(columns.time);
            text.push_str(&format!("{}\n", look.quiet(&format!("  {times}  … {left_out} more, in the evidence"))));
        }
        if left_out == 0 || at < BEGINNING || at >= BEGINNING + left_out {
            text.push_str(&columns.row(look, moment));
        }
    }
    text
}

/// Where the columns of a timeline are.
struct Columns {
    time: usize,
    act: usize,
    saw: usize,
    beside: bool,
}

impl Columns {
    fn of(look: Look, moments: &[Moment]) -> Columns {
        let widest = |text: fn(&Moment) -> &str| {
            let seen = moments.iter().filter(|moment| !moment.saw.is_empty());
            seen.flat_map(|moment| text(moment).lines()).map(look::width).max().unwrap_or(0)
        };
        let (widest_act, widest_saw) = (widest(|moment| &moment.act), widest(|moment| &moment.saw));
        let time = moments.iter().map(|moment| clock(moment).len()).max().unwrap_or(0);
        let room = look.width.saturating_sub(2 + time + 2);
        let beside = !look.plain && look.width >= TWO_COLUMNS;
        // What was seen gets what it needs, up to half; what was done gets the rest.
        let act = if beside { widest_act.min(room.saturating_sub(2 + widest_saw).max(room / 2)) } else { room };
        Columns { time, act, saw: room.saturating_sub(act + 2), beside }
    }

    fn row(&self, look: Look, moment: &Moment) -> String {
        let time = look::right(&clock(moment), self.time);
        if look.plain {
            let saw = if moment.saw.is_empty() { String::new() } else { format!("; saw {}", moment.saw) };
            return format!("  {time}  {}{saw}\n", moment.act).replace('\n', " ").trim_end().to_owned() + "\n";
        }
        let whole = self.act + 2 + self.saw;
        let acts = look::wrap(&moment.act, if moment.saw.is_empty() { whole } else { self.act });
        let saws = match moment.saw.as_str() {
            "" => Vec::new(),
            saw if self.beside => look::wrap(saw, self.saw),
            saw => look::wrap(saw, self.act.saturating_sub(4)),
        };
        let margin = " ".repeat(2 + self.time + 2);
        let mut text = String::new();
        if self.beside {
            for at in 0..acts.len().max(saws.len()) {
                let start = if at == 0 { format!("  {}  ", look.quiet(&time)) } else { margin.clone() };
                let act = acts.get(at).map_or("", String::as_str);
                text.push_str(&match saws.get(at) {
                    Some(saw) => format!("{start}{}  {saw}\n", look::left(act, self.act)),
                    None => format!("{start}{act}\n"),
                });
            }
            return text;
        }
        for (at, act) in acts.iter().enumerate() {
            let start = if at == 0 { format!("  {}  ", look.quiet(&time)) } else { margin.clone() };
            text.push_str(&format!("{start}{act}\n"));
        }
        text.extend(saws.iter().enumerate().map(|(at, saw)| {
            let arrow = if at == 0 { look.quiet("→") } else { " ".to_owned() };
            format!("{margin}  {arrow} {saw}\n")
        }));
        text
    }
}

/// `00.004`: seconds and milliseconds, since that is how far apart the moments of a fault are.
fn clock(moment: &Moment) -> String {
    format!("{:06.3}", moment.at)
}

/// What the processes worth a look said: those that panicked first, and no more than a screen can hold.
fn last_words(look: Look, story: &Story, all: bool) -> String {
    let mut processes: Vec<&LastWords> =
        story.last_words.iter().filter(|words| words.panic.is_some() || !words.lines.is_empty()).collect();
    processes.sort_by_key(|words| words.panic.is_none());
    if !all {
        processes.truncate(2);
    }
    let mut text = String::new();
    for words in processes {
        text.push_str(&format!("\n  {}\n", look.quiet(&format!("{}, from its log:", words.process))));
        if let Some(panic) = &words.panic {
            text.push_str(&look.labelled("panicked", LABEL, panic, |row| look.bad(row)));
        }
        let skipped = if all { 0 } else { words.lines.len().saturating_sub(LAST_LINES) };
        for line in &words.lines[skipped..] {
            let mut rows = look::wrap(line, look.width.saturating_sub(4));
            let most = if all { rows.len() } else { ROWS_OF_A_LINE };
            if rows.len() > most {
                rows.truncate(most);
                if let Some(row) = rows.last_mut() {
                    *row = look::cut(&format!("{row}…"), look.width.saturating_sub(4));
                }
            }
            for row in &rows {
                let row = format!("  {} {}", look.quiet("|"), look.theirs(row));
                text.push_str(&format!("{}\n", row.trim_end()));
            }
        }
    }
    text
}
