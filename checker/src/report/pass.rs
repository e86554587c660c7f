//! The pass screen: what was before and what is now, the diagram with one more box lit, two answers that others gave, what is open
//! for a second evening, and what comes next.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::{Look, clean, counted, diagram, figures, kind_and_points, look, number};
use crate::{
    course::{Chapter, Kind},
    verdict::{Outcome, Report, Verdict},
};

/// Figures of one screen; more would be a table that nobody reads.
const MOST_FIGURES: usize = 8;

/// What the screen shows besides the report of the check that passed.
#[derive(Default)]
pub struct Pass<'a> {
    /// A check of the same chapter before anything was built: its figures stand beside those of now.
    pub before: Option<&'a Report>,
    pub wrong: Vec<WrongAnswer>,
    /// The chapter that comes next, if there is one yet.
    pub next: Option<&'a Chapter>,
}

/// An entry of the gallery that looks right.
#[derive(Clone, Debug, Deserialize)]
pub struct WrongAnswer {
    /// What it is.
    pub title: String,
    /// Why it looks right, and what it misses.
    pub told: String,
    /// The promises that fail on it.
    #[serde(default)]
    pub caught_by: Vec<String>,
}

/// The wrong answers of a chapter's gallery, by the names of their folders.
pub fn wrong_answers(chapter: &Chapter) -> anyhow::Result<Vec<WrongAnswer>> {
    wrong_answers_in(&chapter.course().join("wrong"))
}

/// As [`wrong_answers`], from a folder of entries.
pub fn wrong_answers_in(folder: &Path) -> anyhow::Result<Vec<WrongAnswer>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.with_context(|| format!("reading {}", folder.display()))?.path().join("entry.toml"));
    }
    files.retain(|file| file.is_file());
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))
    };
    files.iter().map(read).collect()
}

/// The screen of a chapter that is done.
pub fn screen(look: Look, chapter: &Chapter, report: &Report, pass: &Pass) -> String {
    let done = format!("{:02} is done.", chapter.number);
    let mut text = match look.plain {
        true => format!("passed: {done} {}\n", chapter.title),
        false => format!("{} {}\n", look.good(&look.strong(&done)), look.strong(&chapter.title)),
    };
    text.push('\n');
    text.push_str(&before_and_after(look, chapter, report, pass.before));
    if let Some(diagram) = diagram::after(chapter.number) {
        text.push('\n');
        if look.plain || look.width < diagram.width() {
            text.push_str(&look.paragraph(2, diagram.sentence));
        } else {
            text.push_str(&diagram.lit(look));
        }
    }
    text.push_str(&others(look, chapter, &pass.wrong, report.seed));
    text.push_str(&open(look, chapter, report));
    text.push('\n');
    text.push_str(&next(look, pass.next));
    text
}

/// The talk's figure, and what was measured here: where an earlier check measured it too, that stands before the arrow.
fn before_and_after(look: Look, chapter: &Chapter, report: &Report, before: Option<&Report>) -> String {
    const LABEL: usize = 10;
    let mut text = look.labelled("the talk", LABEL, &chapter.figure, str::to_owned);
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for outcome in report.scenarios.iter().filter(|outcome| outcome.kind == Kind::Gap) {
        let outcome = clean::outcome(outcome);
        let earlier = before.and_then(|report| report.scenarios.iter().find(|other| other.name == outcome.name));
        let earlier = earlier.map(clean::outcome);
        let number = number(chapter, &outcome.name).map_or_else(String::new, |number| format!("{number}  "));
        for (name, value) in &outcome.measured {
            let (what, now) = figures::figure(name, value);
            let was = earlier.as_ref().and_then(|earlier| earlier.measured.get(name));
            let was = was.map(|value| figures::figure(name, value).1).unwrap_or_default();
            rows.push((format!("{number}{what}"), was, now));
        }
    }
    rows.truncate(MOST_FIGURES);
    let widest = |column: fn(&(String, String, String)) -> &str| {
        rows.iter().map(|row| look::width(column(row))).max().unwrap_or(0)
    };
    let (whats, wases) = (widest(|row| &row.0), widest(|row| &row.1));
    for (at, (what, was, now)) in rows.iter().enumerate() {
        let label = look.quiet(&look::left(if at == 0 { "here" } else { "" }, LABEL));
        let arrow = if look.plain { "then" } else { "→" };
        let was = match (was.is_empty(), wases) {
            (_, 0) => String::new(),
            (true, _) => " ".repeat(wases + 3 + look::width(arrow) - 1),
            (false, _) => format!("{} {arrow} ", look::right(&look.bad(was), wases)),
        };
        text.push_str(&format!("  {label}{}  {was}{}\n", look::left(what, whats), look.good(now)));
    }
    text
}

/// Two wrong answers, chosen by the seed, and the promises that caught them.
fn others(look: Look, chapter: &Chapter, wrong: &[WrongAnswer], seed: u64) -> String {
    let chosen = two_of(wrong, seed);
    let heading = match chosen.len() {
        0 => return String::new(),
        1 => "An answer that others gave, and what caught it",
        _ => "Two answers that others gave, and what caught them",
    };
    let mut text = format!("\n{}\n", look.strong(heading));
    for answer in chosen {
        text.push('\n');
        text.push_str(&look.paragraph(2, &answer.title));
        let told = look::wrap(&answer.told, look.width.saturating_sub(4));
        text.extend(told.iter().map(|row| format!("    {}\n", look.quiet(row))));
        for name in answer.caught_by.iter().take(2) {
            let promise = chapter.promise(name).map_or(name.as_str(), |promise| &promise.text);
            let number = number(chapter, name).map_or_else(String::new, |number| format!(" {number}"));
            let rows = look::wrap(&format!("caught by{number}: {promise}"), look.width.saturating_sub(4));
            text.extend(rows.iter().map(|row| format!("    {}\n", look.bad(row))));
        }
    }
    let all = look.bright(&format!("cargo xtask gallery {:02}", chapter.number));
    text.push_str(&format!("\n  All of them: {all}\n"));
    text
}

/// Two that differ, each pair as likely as the next.
fn two_of<T>(all: &[T], seed: u64) -> Vec<&T> {
    let count = all.len() as u64;
    if count < 2 {
        return all.iter().collect();
    }
    let first = seed % count;
    let second = (first + 1 + (seed / count) % (count - 1)) % count;
    // Both are below the length of a slice.
    [first, second].into_iter().filter_map(|at| all.get(usize::try_from(at).ok()?)).collect()
}

/// The deep promises that are not kept yet.
fn open(look: Look, chapter: &Chapter, report: &Report) -> String {
    let deep: Vec<&Outcome> = report.scenarios.iter().filter(|outcome| outcome.kind == Kind::Deep).collect();
    let open: Vec<&&Outcome> = deep.iter().filter(|outcome| outcome.verdict != Verdict::Passed).collect();
    if open.is_empty() {
        let all = report.scenarios.len() == chapter.promises.len();
        let points = counted(report.points.possible, "point");
        return if all {
            format!("\n  Every promise is kept, the deep ones too: all of {points}.\n")
        } else {
            String::new()
        };
    }
    let mut text = format!("\n{}\n", look.strong("Open, for a second evening"));
    for outcome in open {
        let number = number(chapter, &outcome.name).map_or_else(String::new, |number| number.to_string());
        let worth = kind_and_points(chapter, outcome, if look.plain { ", " } else { " · " });
        let room = look.width.saturating_sub(5 + 2 + look::width(&worth));
        for (at, row) in look::wrap(&outcome.promise, room).iter().enumerate() {
            text.push_str(&match at {
                0 if look.plain => format!("  {number}. {row} ({worth})\n"),
                0 => format!("{}  {}  {}\n", look::right(&number, 3), look::left(row, room), look.quiet(&worth)),
                _ => format!("     {row}\n"),
            });
        }
    }
    let all = look.bright(&format!("cargo xtask check {:02} --all", chapter.number));
    text.push_str(&format!("  Their stories: {all}\n"));
    text
}

fn next(look: Look, next: Option<&Chapter>) -> String {
    let Some(chapter) = next else {
        return look.paragraph(0, "That was the last chapter there is. Every line was earned.");
    };
    let command = look.bright("cargo xtask next");
    let name = format!("{:02} {}", chapter.number, chapter.slug);
    if look.plain {
        return format!("next: {name}, {} About {} minutes: {command}\n", chapter.title, chapter.minutes);
    }
    let label = look.quiet(&look::left("next", 6));
    let about = format!("{name} · {} · {} minutes", chapter.title, chapter.minutes);
    format!("{label}{}\n      {command}\n", look.strong(&about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_chooses_two_that_differ() {
        let all = ["a", "b", "c", "d"];
        for seed in [0, 1, 7, 1234, u64::MAX] {
            let two = two_of(&all, seed);
            assert!(two.len() == 2 && two[0] != two[1], "{seed}: {two:?}");
        }
        assert_eq!(two_of(&["a"], 7), [&"a"]);
        assert!(two_of::<&str>(&[], 7).is_empty());
    }
}
