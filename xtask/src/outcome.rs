//! What the last check of a chapter found, as the checker left it in target/last-check/.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use serde::Deserialize;

use crate::{course::Chapter, repository::Repository};

/// How a check of the learner's own chapter is labelled.
pub const OWN: &str = "chapter";

#[derive(Deserialize)]
pub struct Outcome {
    target: String,
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    name: String,
    verdict: Verdict,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Passed,
    Failed,
    Broken,
}

/// Which result is there now. Not a time to compare others with: files are stamped by a clock that runs some milliseconds
/// late, and a check may be quicker.
#[derive(PartialEq)]
pub struct Mark(Option<(u64, i64, i64)>);

impl Mark {
    pub fn set(repository: &Repository, chapter: &Chapter) -> Self {
        let data = fs::metadata(file(repository, chapter)).ok();
        Self(data.map(|data| (data.ino(), data.ctime(), data.ctime_nsec())))
    }
}

impl Outcome {
    /// Of the learner's own chapter; a result that cannot be read is none.
    pub fn of(repository: &Repository, chapter: &Chapter) -> Option<Self> {
        let outcome: Self = serde_json::from_slice(&fs::read(file(repository, chapter)).ok()?).ok()?;
        (outcome.target == OWN).then_some(outcome)
    }

    /// Only what was written since the mark was set: a check that broke leaves the result of the one before.
    pub fn since(repository: &Repository, chapter: &Chapter, mark: &Mark) -> Option<Self> {
        (Mark::set(repository, chapter) != *mark).then(|| Self::of(repository, chapter)).flatten()
    }

    /// Whether a promise held, if it was looked at. Broken says nothing about it.
    pub fn held(&self, name: &str) -> Option<bool> {
        let scenario = self.scenarios.iter().find(|scenario| scenario.name == name)?;
        (scenario.verdict != Verdict::Broken).then_some(scenario.verdict == Verdict::Passed)
    }

    /// In the chapter's order.
    pub fn failed(&self, chapter: &Chapter) -> Vec<String> {
        let names = chapter.promises.iter().map(|promise| promise.name.clone());
        names.filter(|name| self.held(name) == Some(false)).collect()
    }
}

fn file(repository: &Repository, chapter: &Chapter) -> PathBuf {
    repository.target.join("last-check").join(chapter.number()).join("result.json")
}
