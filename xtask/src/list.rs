//! `list`: the course, and how far one is.

use std::{process::Stdio, rc::Rc};

use anyhow::Result;
use clap::Args;
use console::{pad_str, style, truncate_str};

use crate::{
    build::{self, CHECKER},
    child,
    course::Chapter,
    outcome::{Mark, Outcome},
    screen,
    workshop::Workshop,
};

const HELP: &str = "\
Progress is kept in .progress.json, which git ignores; --recheck finds it out again from the code.

Examples:
  cargo xtask list
  cargo xtask list --recheck

Exit codes:
  0  listed
  2  the course could not be read, or the recheck was ended before it was through";

#[derive(Args, Default)]
#[command(after_help = HELP)]
pub struct List {
    /// Check the code of every chapter, and remember what it says instead of what was remembered.
    #[arg(long)]
    recheck: bool,
}

impl List {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        if self.recheck && !recheck(workshop)? {
            return Ok(2);
        }
        let current = workshop.chapter(None)?;
        for chapter in &workshop.chapters {
            let here = chapter.number == current.number;
            println!("{}", row(workshop, chapter, here));
            let incident = chapter.incident.trim().lines().next().unwrap_or_default();
            println!("{}", style(truncate_str(&format!("      {incident}"), screen::width(), "…")).dim());
        }
        println!("\nnext  {}", next(workshop, &current));
        Ok(0)
    }
}

/// What to type: to be done with this chapter, to begin the next one, or one that was passed over, or to earn the points that
/// are left.
fn next(workshop: &Workshop, current: &Chapter) -> String {
    let progress = &workshop.progress;
    let is_done = |chapter: &Chapter| progress.is_done(chapter);
    let is_open = |chapter: &&Rc<Chapter>| !is_done(chapter);
    let earns_more =
        |chapter: &&Rc<Chapter>| progress.record(chapter).map_or(0, |record| record.earned) < chapter.points();
    if !is_done(current) {
        format!("cargo xtask check {}", current.number())
    } else if workshop.chapters.iter().any(|other| other.number > current.number) {
        "cargo xtask next".to_owned()
    } else if let Some(open) = workshop.chapters.iter().find(is_open) {
        format!("cargo xtask start {}", open.number())
    } else if let Some(left) = workshop.chapters.iter().find(earns_more) {
        format!("cargo xtask check {} --all, where points are left", left.number())
    } else {
        "nothing: every promise of every chapter is kept".to_owned()
    }
}

fn row(workshop: &Workshop, chapter: &Chapter, here: bool) -> String {
    let possible = chapter.points();
    let record = workshop.progress.record(chapter);
    let earned = record.map_or(0, |record| record.earned);
    let state = match record {
        Some(record) if record.done && screen::is_plain() => format!("done, {earned} of {possible} points"),
        Some(record) if record.done => format!("{} {earned} of {possible} points", style("✓ done,").green()),
        Some(record) if record.open.is_some() => format!("{earned} of {possible} points"),
        _ if here => "you are here".to_owned(),
        _ => String::new(),
    };
    let mark = if here && screen::is_plain() {
        "at"
    } else if here {
        "→"
    } else {
        ""
    };
    // The others need 23 columns, and as many for `✓ done, 18 of 18 points`.
    let title = pad_str(&chapter.title, screen::width() - 47, console::Alignment::Left, Some("…")).into_owned();
    let about = format!("{} {:>3} min", pad_str(&chapter.era, 4, console::Alignment::Left, None), chapter.minutes);
    format!("{mark:2} {}  {}  {about}  {state}", chapter.number(), style(title).bold()).trim_end().to_owned()
}

/// False when a check was ended by Ctrl-C: what was found until then stays.
fn recheck(workshop: &mut Workshop) -> Result<bool> {
    let repository = &workshop.repository;
    let chapters = workshop.chapters.clone();
    let there = chapters.iter().filter(|chapter| chapter.path(&repository.root).is_dir());
    let packages = there.map(|chapter| chapter.package());
    let built = build::build(repository, &packages.chain([CHECKER.to_owned()]).collect::<Vec<_>>())?;
    let checker = built.checker()?;
    for chapter in &chapters {
        let Some(program) = built.program(&chapter.package()) else {
            workshop.progress.change(|progress| progress.forget(chapter));
            let is_there = chapter.path(&repository.root).is_dir();
            eprintln!("{}  {}", chapter.number(), if is_there { "does not compile" } else { "is missing" });
            continue;
        };
        eprintln!("{}  checking {}", chapter.number(), chapter.title);
        let before = Mark::set(repository, chapter);
        let mut check = crate::check::command(checker, chapter, program);
        child::run(check.args(["--format", "json"]).stdout(Stdio::null()))?;
        if child::asked_to_end() {
            return Ok(false);
        }
        if let Some(outcome) = Outcome::since(repository, chapter, &before) {
            workshop.progress.change(|progress| {
                progress.record_mut(chapter).done = false;
                progress.learn(chapter, &outcome);
            });
        }
    }
    workshop.progress.change(|progress| {
        let first_open = chapters.iter().find(|chapter| !progress.is_done(chapter));
        if let Some(chapter) = first_open.or(chapters.last()) {
            progress.is_at(chapter);
        }
    });
    Ok(true)
}
