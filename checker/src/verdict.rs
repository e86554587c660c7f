//! What a check found: an outcome for each promise, and the whole of them.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    course::{Chapter, Kind, Promise},
    stack::Stack,
    story::Story,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Passed,
    /// The learner's program is wrong.
    Failed,
    /// The checker could not judge.
    Broken,
}

impl Verdict {
    /// 0 passed, 1 failed, 2 could not be judged.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::Failed => 1,
            Verdict::Broken => 2,
        }
    }

    /// Of two runs: a failure outranks what could not be judged.
    pub fn or_worse(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Failed, _) | (_, Verdict::Failed) => Verdict::Failed,
            (Verdict::Broken, _) | (_, Verdict::Broken) => Verdict::Broken,
            (Verdict::Passed, Verdict::Passed) => Verdict::Passed,
        }
    }
}

/// What became of one promise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub name: String,
    /// The promise in the users' terms.
    pub promise: String,
    pub kind: Kind,
    pub verdict: Verdict,
    /// Points earned: all or none.
    pub points: u32,
    pub seconds: f64,
    /// Figures that the scenario measured, by name with their unit: `p99 ms`.
    pub measured: BTreeMap<String, Value>,
    pub story: Option<Story>,
    /// Why it could not be judged; only with [`Verdict::Broken`].
    pub broken: Option<String>,
    /// The folder with its timeline, logs and database.
    pub evidence: Option<PathBuf>,
}

/// What a whole check found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// `04-stateless`
    pub chapter: String,
    /// What was checked: `chapter`, `solution`, a path or a command.
    pub target: String,
    pub stack: Stack,
    /// Those that served as the stack `servers`: `MariaDB 10.11.6, private`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    pub seed: u64,
    pub passed: bool,
    pub points: Points,
    pub scenarios: Vec<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    pub earned: u32,
    pub possible: u32,
}

impl Outcome {
    /// With no more said of it than this.
    pub fn of(promise: &Promise, verdict: Verdict) -> Outcome {
        Outcome {
            name: promise.name.clone(),
            promise: promise.text.clone(),
            kind: promise.kind,
            verdict,
            points: 0,
            seconds: 0.0,
            measured: BTreeMap::new(),
            story: None,
            broken: None,
            evidence: None,
        }
    }
}

impl Report {
    /// A program that does not compile keeps none of the promises `asked` for.
    pub fn unbuilt(chapter: &Chapter, asked: &[&str], target: &str, stack: Stack) -> Report {
        let story = Story {
            timeline: Vec::new(),
            expected: "it compiles".to_owned(),
            saw: "it does not".to_owned(),
            why: "What cargo has to say about that is on stderr.".to_owned(),
            last_words: Vec::new(),
        };
        let promises = || chapter.promises.iter().filter(|promise| asked.contains(&promise.name.as_str()));
        let failed = |promise| Outcome { story: Some(story.clone()), ..Outcome::of(promise, Verdict::Failed) };
        Report {
            chapter: chapter.folder_name(),
            target: target.to_owned(),
            stack,
            servers: Vec::new(),
            seed: 0,
            passed: false,
            points: Points { earned: 0, possible: promises().map(|promise| promise.points).sum() },
            scenarios: promises().map(failed).collect(),
        }
    }

    /// The chapter is done when every gap and baseline promise passed; deep ones give points only.
    pub fn done(scenarios: &[Outcome]) -> bool {
        scenarios.iter().all(|outcome| outcome.kind == Kind::Deep || outcome.verdict == Verdict::Passed)
    }

    /// Of the whole check: a failure outranks what could not be judged. A deep promise that fails does not fail the check,
    /// unless nothing else was asked for.
    pub fn verdict(&self) -> Verdict {
        let only_deep = self.scenarios.iter().all(|outcome| outcome.kind == Kind::Deep);
        let counted = self.scenarios.iter().filter(|outcome| only_deep || outcome.kind != Kind::Deep);
        counted.fold(Verdict::Passed, |worst, outcome| worst.or_worse(outcome.verdict))
    }

    pub fn exit_code(&self) -> u8 {
        self.verdict().exit_code()
    }
}
