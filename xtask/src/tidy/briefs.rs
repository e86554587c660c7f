//! Promises: what chapter.toml says of them, and what the brief says to the learner.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};

use super::{Clone, Finding};
use crate::{
    course::{Chapter, Kind, Promise},
    overlay::BRIEF,
};

/// The section of a brief that makes promises.
const SECTION: &str = "## Promises";

/// What is true of chapter.toml alone.
pub fn promises(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for chapter in clone.chapters {
        let file = clone.relative(&chapter.course_path(clone.root).join("chapter.toml"));
        if !chapter.course_path(clone.root).is_dir() {
            let folder = chapter.folder();
            findings.push(Finding::new(&file, "lies in a folder of another name", format!("call the folder {folder}")));
        }
        let mut names = BTreeSet::new();
        for promise in &chapter.promises {
            let mut finding = |what: String, mend: &str| findings.push(Finding::new(&file, what, mend));
            let name = &promise.name;
            if !names.insert(name) {
                finding(format!("there are two promises `{name}`"), "a name is a scenario's; give one of them another");
            }
            let hints = promise.hints.iter().filter(|hint| !hint.trim().is_empty()).count();
            if hints != 3 || promise.hints.len() != 3 {
                finding(format!("`{name}` has {hints} hints"), "write three: a nudge, the idea, the shape of the code");
            }
            if (promise.kind == Kind::Baseline) != (promise.points == 0) {
                finding(
                    format!("`{name}` is {:?} and gives {} points", promise.kind, promise.points),
                    "what worked before earns nothing, and the rest earns at least one point",
                );
            }
        }
        if !chapter.promises.iter().any(|promise| promise.kind == Kind::Gap) {
            findings.push(Finding::new(&file, "no promise is of kind gap", "without one there is nothing to build"));
        }
    }
    Ok(findings)
}

/// The brief makes the promises of chapter.toml, in its words and order, and no other.
pub fn briefs(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for chapter in clone.chapters {
        let brief = chapter.path(clone.root).join(BRIEF);
        let file = clone.relative(&brief);
        if !brief.is_file() {
            findings.push(Finding::new(file, "is missing", "write the brief"));
            continue;
        }
        let text = fs::read_to_string(&brief).with_context(|| format!("cannot read {}", brief.display()))?;
        findings.extend(compare(chapter, &text).into_iter().map(|(what, mend)| Finding::new(&file, what, mend)));
        let title = format!("# {} · {}", chapter.number(), chapter.title);
        if text.lines().next() != Some(title.as_str()) {
            findings.push(Finding::new(&file, "has another title than chapter.toml", format!("begin with `{title}`")));
        }
        let minutes = format!("{} minutes", chapter.minutes);
        if !text.contains(&minutes) {
            findings.push(Finding::new(
                &file,
                "takes other minutes than chapter.toml says",
                format!("say `{minutes}`"),
            ));
        }
        for gap in chapter.gap.iter().filter(|gap| !text.contains(gap.as_str())) {
            findings.push(Finding::new(
                &file,
                format!("does not name {gap}, where the gap is"),
                "name it under `Files to open`",
            ));
        }
    }
    Ok(findings)
}

fn compare(chapter: &Chapter, brief: &str) -> Vec<(String, String)> {
    let made = made(brief);
    // Numbered, in the order in which to build them; then what already works.
    let (baseline, open): (Vec<&Promise>, Vec<_>) =
        chapter.promises.iter().partition(|promise| promise.kind == Kind::Baseline);
    let mut findings = Vec::new();
    for promise in open.iter().chain(&baseline).filter(|promise| !made.iter().any(|made| made.text == promise.text)) {
        findings.push((
            format!("does not make the promise `{}`", promise.name),
            format!("write the line `{}` under `{SECTION}`, or strike it from chapter.toml", promise.text),
        ));
    }
    for made in made.iter().filter(|made| !chapter.promises.iter().any(|promise| promise.text == made.text)) {
        findings.push((
            format!("promises `{}`, which no scenario tests", made.text),
            "add the promise to chapter.toml with its scenario, or strike the line".to_owned(),
        ));
    }
    if !findings.is_empty() {
        return findings;
    }
    let numbers = |index: usize| u32::try_from(index + 1).ok();
    let wanted = open.iter().enumerate().map(|(index, promise)| (numbers(index), &promise.text));
    let wanted: Vec<_> = wanted.chain(baseline.iter().map(|promise| (None, &promise.text))).collect();
    let found: Vec<_> = made.iter().map(|made| (made.number, &made.text)).collect();
    if wanted != found {
        findings.push((
            "makes its promises in another order, or numbers them otherwise".to_owned(),
            "number gap and deep ones from 1 in chapter.toml's order, then list the baseline with hyphens".to_owned(),
        ));
    }
    findings
}

#[derive(Debug, PartialEq)]
struct Made {
    number: Option<u32>,
    text: String,
}

/// The first sentence of each item; what explains it stands on lines of its own.
fn made(brief: &str) -> Vec<Made> {
    let section = brief.lines().skip_while(|line| *line != SECTION).skip(1).take_while(|line| !line.starts_with("## "));
    let item = |line: &str| {
        if let Some(text) = line.strip_prefix("- ") {
            return Some(Made { number: None, text: text.to_owned() });
        }
        let (number, text) = line.split_once(". ")?;
        Some(Made { number: Some(number.parse().ok()?), text: text.to_owned() })
    };
    section.filter_map(item).collect()
}
