//! What several chapters earned together, for whoever grades: a table, JSON or JUnit XML.

use serde::{Deserialize, Serialize};

use super::{Look, clean, counted, json, junit, look};
use crate::{
    course::{Chapter, Kind},
    verdict::{Outcome, Points, Report, Verdict},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grade {
    pub points: Points,
    pub chapters: Vec<ChapterGrade>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChapterGrade {
    /// `04-stateless`
    pub chapter: String,
    pub points: Points,
    /// Every gap and baseline promise is kept.
    pub passed: bool,
    /// There was a program to check. Without one there are no scenarios, and no points.
    pub built: bool,
    pub scenarios: Vec<Outcome>,
    /// What repeats it.
    pub seed: Option<u64>,
}

impl ChapterGrade {
    pub fn of(report: &Report) -> ChapterGrade {
        let Report { chapter, seed, passed, points, scenarios, .. } = clean::report(report);
        ChapterGrade { chapter, points, passed, built: true, scenarios, seed: Some(seed) }
    }

    /// A chapter that does not compile earns nothing of all that it has to give.
    pub fn unbuilt(chapter: &Chapter) -> ChapterGrade {
        let possible = chapter.promises.iter().map(|promise| promise.points).sum();
        let points = Points { earned: 0, possible };
        let chapter = chapter.folder_name();
        ChapterGrade { chapter, points, passed: false, built: false, scenarios: Vec::new(), seed: None }
    }

    fn count(&self, kind: Kind, verdict: Verdict) -> usize {
        self.scenarios.iter().filter(|outcome| outcome.kind == kind && outcome.verdict == verdict).count()
    }

    fn kept(&self, kind: Kind) -> String {
        let all = self.scenarios.iter().filter(|outcome| outcome.kind == kind).count();
        if all == 0 { String::new() } else { format!("{} of {all}", self.count(kind, Verdict::Passed)) }
    }

    /// What a word can say of it.
    fn standing(&self) -> String {
        let broken = self.scenarios.iter().filter(|outcome| outcome.verdict == Verdict::Broken).count();
        match self {
            ChapterGrade { built: false, .. } => "does not compile".to_owned(),
            ChapterGrade { passed: true, .. } => "passed".to_owned(),
            _ if broken > 0 => format!("open, {broken} not judged"),
            _ => "open".to_owned(),
        }
    }
}

impl Grade {
    pub fn of(chapters: Vec<ChapterGrade>) -> Grade {
        let sum = |figure: fn(&Points) -> u32| chapters.iter().map(|chapter| figure(&chapter.points)).sum();
        let points = Points { earned: sum(|points| points.earned), possible: sum(|points| points.possible) };
        Grade { points, chapters }
    }

    /// Of the whole: a failure outranks what could not be judged, and a chapter that does not compile has failed.
    pub fn verdict(&self) -> Verdict {
        let of = |verdict| {
            let needed =
                |chapter: &ChapterGrade| chapter.count(Kind::Gap, verdict) + chapter.count(Kind::Baseline, verdict);
            self.chapters.iter().any(|chapter| needed(chapter) > 0)
        };
        if of(Verdict::Failed) || self.chapters.iter().any(|chapter| !chapter.built) {
            Verdict::Failed
        } else if of(Verdict::Broken) {
            Verdict::Broken
        } else {
            Verdict::Passed
        }
    }

    pub fn text(&self, look: Look) -> String {
        let name = self.chapters.iter().map(|chapter| look::width(&chapter.chapter)).max().unwrap_or(0).max(12);
        let mut text = format!(
            "{}\n",
            look.quiet(&format!(
                "{}{:>12}{:>9}{:>10}{:>8}  ",
                look::left("chapter", name),
                "points",
                "gap",
                "baseline",
                "deep"
            ))
        );
        for chapter in &self.chapters {
            let Points { earned, possible } = chapter.points;
            let [gap, baseline, deep] = [Kind::Gap, Kind::Baseline, Kind::Deep].map(|kind| chapter.kept(kind));
            let points = format!("{earned} of {possible}");
            let standing = chapter.standing();
            let standing = if chapter.passed { look.good(&standing) } else { look.bad(&standing) };
            let name = look::left(&chapter.chapter, name);
            text.push_str(&format!("{name}{points:>12}{gap:>9}{baseline:>10}{deep:>8}  {standing}\n"));
        }
        let points = format!("{} of {}", self.points.earned, self.points.possible);
        let all = format!("{}{points:>12}", look::left("all", name));
        text.push_str(&format!("{}\n", look.strong(&all)));
        text.push_str(&self.notes(look));
        text
    }

    /// What a figure alone would leave open.
    fn notes(&self, look: Look) -> String {
        let mut text = String::new();
        for chapter in self.chapters.iter().filter(|chapter| !chapter.built) {
            let number = chapter.chapter.split('-').next().unwrap_or_default();
            let note = format!(
                "{} does not compile, so nothing of it could be checked: cargo xtask check {number} shows why.",
                chapter.chapter
            );
            text.push_str(&look.paragraph(2, &note));
        }
        let broken: usize = self
            .chapters
            .iter()
            .flat_map(|chapter| &chapter.scenarios)
            .filter(|outcome| outcome.verdict == Verdict::Broken)
            .count();
        if broken > 0 {
            let note = format!(
                "{} could not be judged on this machine and earned nothing yet: that is not the program's fault. Grade again, \
                 with less running beside it.",
                counted(broken as u64, "promise")
            );
            text.push_str(&look.paragraph(2, &note));
        }
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    pub fn json(&self) -> anyhow::Result<String> {
        json::text_of(self)
    }

    pub fn junit(&self) -> String {
        let properties: Vec<Vec<(&str, String)>> = self
            .chapters
            .iter()
            .map(|chapter| chapter.seed.map(|seed| ("seed", seed.to_string())).into_iter().collect())
            .collect();
        let suites: Vec<_> =
            self.chapters.iter().zip(&properties).map(|(chapter, properties)| suite(chapter, properties)).collect();
        junit::suites(&suites)
    }
}

fn suite<'a>(chapter: &'a ChapterGrade, properties: &'a [(&'a str, String)]) -> junit::Suite<'a> {
    junit::Suite {
        name: &chapter.chapter,
        points: (chapter.points.earned, chapter.points.possible),
        properties,
        cases: &chapter.scenarios,
        unbuilt: !chapter.built,
    }
}
