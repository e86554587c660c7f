//! The chapters, in order: what chapter.toml says of each, and the scenarios that hold its promises.

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::{chapters, scenario::Scenario, workshop};

/// A chapter, as `checker/course/NN-slug/chapter.toml` has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    pub number: u8,
    pub slug: String,
    pub title: String,
    pub era: String,
    pub minutes: u32,
    /// Told while the rest builds.
    pub incident: String,
    /// To be answered before coding.
    pub question: String,
    /// The talk's figure, in a line.
    pub figure: String,
    /// The files that the brief names: all that the solution changes, besides new ones.
    pub gap: Vec<String>,
    /// The files of the starter that the solution before did not have so.
    pub changed: Vec<String>,
    /// In the order in which they are kept: gap promises as they are built, then baseline, then deep.
    #[serde(rename = "promise")]
    pub promises: Vec<Promise>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The scenario that holds it.
    pub name: String,
    pub kind: Kind,
    pub points: u32,
    /// In the users' terms, as the brief has it.
    pub text: String,
    /// A nudge, the idea, the shape of the code.
    pub hints: [String; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What works already, and must keep working.
    Baseline,
    /// What the chapter is about: fails on the starter.
    Gap,
    /// What production asks beyond that.
    Deep,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Kind::Baseline => "baseline",
            Kind::Gap => "gap",
            Kind::Deep => "deep",
        })
    }
}

impl Chapter {
    /// `04-stateless`
    pub fn folder_name(&self) -> String {
        format!("{:02}-{}", self.number, self.slug)
    }

    /// What the checker knows of it: chapter.toml and the gallery.
    pub fn course(&self) -> PathBuf {
        workshop::course().join(self.folder_name())
    }

    pub fn solution(&self) -> PathBuf {
        workshop::root().join("solutions").join(self.folder_name())
    }

    pub fn solution_package(&self) -> String {
        format!("solution{}", self.folder_name())
    }

    pub fn promise(&self, name: &str) -> Option<&Promise> {
        self.promises.iter().find(|promise| promise.name == name)
    }

    pub fn scenarios(&self) -> &'static [Scenario] {
        chapters::of(self.number)
    }
}

/// All chapters, in order.
pub fn chapters() -> anyhow::Result<Vec<Chapter>> {
    let folder = workshop::course();
    let mut chapters = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let file = entry?.path().join("chapter.toml");
        if file.is_file() {
            let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            chapters.push(toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))?);
        }
    }
    chapters.sort_by_key(|chapter: &Chapter| chapter.number);
    Ok(chapters)
}

/// The chapter with this number (`4`, `04`) or name (`stateless`).
pub fn chapter(wanted: &str) -> anyhow::Result<Chapter> {
    let chapters = chapters()?;
    let known: Vec<String> = chapters.iter().map(Chapter::folder_name).collect();
    let number: Option<u8> = wanted.parse().ok();
    let is_it =
        |chapter: &Chapter| number == Some(chapter.number) || chapter.slug == wanted || chapter.folder_name() == wanted;
    match chapters.into_iter().find(is_it) {
        Some(chapter) => Ok(chapter),
        None => bail!("there is no chapter {wanted}; there are {}", known.join(", ")),
    }
}
