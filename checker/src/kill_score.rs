//! How good the checks are: wrong answers of the gallery that are caught by the promise that must catch them, and right ones
//! that pass.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    course::{Chapter, Kind as PromiseKind},
    gallery::{Entry, Kind},
    overlay,
    program::Program,
    report::{Look, Silent},
    run::{self, Options},
    stack::Stack,
    verdict::{Report, Verdict},
    workshop,
};

/// What became of an entry, over one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub runs: u32,
    /// Judged as it has to be.
    pub rightly: u32,
    /// The machine could not judge.
    pub broken: u32,
    /// What was wrong, of the first run that went wrong.
    pub amiss: Option<String>,
}

/// All entries, by chapter.
pub struct Scores {
    rows: Vec<(Chapter, Entry, Score)>,
}

/// How one report on an entry is to be taken: `None` is rightly.
pub fn amiss(entry: &Entry, report: &Report) -> Option<(Verdict, String)> {
    let verdict = |name: &str| report.scenarios.iter().find(|outcome| outcome.name == name).map(|found| found.verdict);
    let failing = |wanted: &dyn Fn(PromiseKind) -> bool, expected: Verdict| {
        let other = report.scenarios.iter().find(|outcome| wanted(outcome.kind) && outcome.verdict != expected);
        other.map(|outcome| (outcome.verdict, format!("{} was {:?}", outcome.name, outcome.verdict).to_lowercase()))
    };
    match entry.kind() {
        Kind::Wrong => entry.caught_by.iter().find_map(|name| match verdict(name) {
            Some(Verdict::Failed) => None,
            Some(other) => Some((other, format!("{name} was {other:?}").to_lowercase())),
            None => Some((Verdict::Failed, format!("there is no promise {name}"))),
        }),
        Kind::Right => failing(&|kind| kind != PromiseKind::Deep, Verdict::Passed),
        Kind::History => failing(&|kind| kind == PromiseKind::Baseline, Verdict::Passed)
            .or_else(|| failing(&|kind| kind == PromiseKind::Gap, Verdict::Failed)),
    }
}

impl Score {
    pub fn add(&mut self, entry: &Entry, report: &Report) {
        self.runs += 1;
        match amiss(entry, report) {
            None => self.rightly += 1,
            Some((Verdict::Broken, _)) => self.broken += 1,
            Some((_, what)) => _ = self.amiss.get_or_insert(format!("{what}, seed {}", report.seed)),
        }
    }
}

/// Judges each entry so many times.
pub async fn judge_anew(entries: &[(Chapter, Entry)], times: u32) -> anyhow::Result<Scores> {
    let mut rows = Vec::new();
    for (chapter, entry) in entries {
        let program = Program::binary(&overlay::built_entry(chapter, entry, Stack::Embedded)?, &entry.name);
        let mut score = Score::default();
        for _ in 0..times {
            score.add(entry, &judge(chapter, entry, &program).await?);
        }
        eprintln!("{:02} {}: {} of {times}", chapter.number, entry.name, score.rightly);
        rows.push((chapter.clone(), entry.clone(), score));
    }
    Ok(Scores { rows })
}

/// Of a wrong answer, only the promises that must catch it; of others, everything.
async fn judge(chapter: &Chapter, entry: &Entry, program: &Program) -> anyhow::Result<Report> {
    let options = Options { seed: u64::from(rand::random::<u32>()), evidence: false, ..Options::default() };
    if entry.kind() != Kind::Wrong {
        return run::check(chapter, program, &options, &Silent).await;
    }
    let mut all: Option<Report> = None;
    for name in &entry.caught_by {
        let only = Options { only: Some(name.clone()), ..options.clone() };
        let report = run::check(chapter, program, &only, &Silent).await?;
        match &mut all {
            None => all = Some(report),
            Some(all) => all.scenarios.extend(report.scenarios),
        }
    }
    all.with_context(|| format!("{} of {} names no promise in caught_by", entry.name, chapter.folder_name()))
}

/// Keeps what a test found of an entry; `part` is the promise that it looked at.
pub fn record(chapter: &Chapter, entry: &Entry, part: &str, report: &Report) -> anyhow::Result<()> {
    let part_only =
        Entry { caught_by: entry.caught_by.iter().filter(|name| *name == part).cloned().collect(), ..entry.clone() };
    let mut score = Score::default();
    score.add(&part_only, report);
    let folder = folder(chapter, entry)?;
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join(format!("{part}.json"));
    fs::write(&file, serde_json::to_vec(&score)?).with_context(|| format!("writing {}", file.display()))
}

/// What the tests have found since they last ran.
pub fn recorded(entries: &[(Chapter, Entry)]) -> anyhow::Result<Scores> {
    let mut rows = Vec::new();
    for (chapter, entry) in entries.iter().filter(|(_, entry)| entry.kind() != Kind::History) {
        let folder = folder(chapter, entry)?;
        let parts = match entry.kind() {
            Kind::Wrong => entry.caught_by.clone(),
            Kind::Right | Kind::History => vec!["all".to_owned()],
        };
        let mut whole = Score { runs: 1, rightly: 1, ..Score::default() };
        for part in parts {
            let score: Option<Score> =
                fs::read(folder.join(format!("{part}.json"))).ok().and_then(|text| serde_json::from_slice(&text).ok());
            let score =
                score.unwrap_or_else(|| Score { amiss: Some("no test has judged it".to_owned()), ..Score::default() });
            whole.rightly = whole.rightly.min(score.rightly);
            whole.broken = whole.broken.max(score.broken);
            whole.amiss = whole.amiss.or(score.amiss);
        }
        rows.push((chapter.clone(), entry.clone(), whole));
    }
    Ok(Scores { rows })
}

/// Forgets what was recorded, so that a score is of one run of the tests.
pub fn forget() -> anyhow::Result<()> {
    let folder = workshop::target()?.join("kill-score");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn folder(chapter: &Chapter, entry: &Entry) -> anyhow::Result<PathBuf> {
    Ok(workshop::target()?.join("kill-score").join(entry.package(chapter)))
}

impl Scores {
    /// Everything was judged as it has to be, or the machine was in the way.
    pub fn is_whole(&self) -> bool {
        self.rows.iter().all(|(_, _, score)| score.amiss.is_none())
    }

    pub fn text(&self, look: Look) -> String {
        let mut chapters: BTreeMap<u8, [(usize, usize); 2]> = BTreeMap::new();
        for (chapter, entry, score) in &self.rows {
            let column = match entry.kind() {
                Kind::Wrong => 0,
                Kind::Right => 1,
                Kind::History => continue,
            };
            let (rightly, all) = &mut chapters.entry(chapter.number).or_default()[column];
            *all += 1;
            *rightly += usize::from(score.rightly == score.runs);
        }
        let mut text = format!("{}\n", look.quiet("kill score   wrong answers caught   right answers passed"));
        let mut sums = [(0, 0); 2];
        for (number, columns) in &chapters {
            let [wrong, right] = columns.map(|(rightly, all)| format!("{rightly} of {all}"));
            text.push_str(&format!("{number:02}{wrong:>31}{right:>23}\n"));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = (sum.0 + column.0, sum.1 + column.1);
            }
        }
        let [wrong, right] = sums.map(|(rightly, all)| format!("{rightly} of {all}"));
        text.push_str(&look.strong(&format!("all{wrong:>30}{right:>23}")));
        text.push('\n');
        for (chapter, entry, score) in &self.rows {
            let what = match &score.amiss {
                Some(amiss) => format!("judged rightly {} of {} times: {amiss}", score.rightly, score.runs),
                None if score.broken > 0 => {
                    format!("{} of {} times this machine was too busy", score.broken, score.runs)
                }
                None => continue,
            };
            text.push_str(&look.paragraph(2, &format!("{:02} {}: {what}", chapter.number, entry.name)));
        }
        text
    }
}
