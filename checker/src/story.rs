//! Why a scenario stopped, and the story that a failure tells: what was done, what a user saw, what was expected.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a scenario ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// The learner's program is wrong.
    Failed(Failure),
    /// The checker could not do its work, or this machine is too busy to judge.
    Broken(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Broken(error.into())
    }
}

/// What a scenario says when it fails; the world adds its timeline and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub expected: String,
    pub saw: String,
    /// One plain sentence: what this means for the users.
    pub why: String,
    /// The process at fault, where one is.
    pub process: Option<String>,
}

/// The learner's program is wrong: `expected` against what a user `saw`, and what that means.
pub fn failed<T>(expected: impl Into<String>, saw: impl Into<String>, why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(Failure { expected: expected.into(), saw: saw.into(), why: why.into(), process: None }))
}

/// This run cannot be judged; `reason` says what is in the way and how to mend it.
pub fn broken<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Broken(anyhow::Error::msg(reason.into())))
}

/// One line of a timeline: something that the checker did, or that happened, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Seconds since the scenario began.
    pub at: f64,
    pub act: String,
    /// What a user saw; empty where nobody looked.
    pub saw: String,
}

/// A failure as it is shown and kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    pub timeline: Vec<Moment>,
    pub expected: String,
    pub saw: String,
    pub why: String,
    /// Of each process worth a look, the last that it said.
    pub last_words: Vec<LastWords>,
}

/// The end of a process's log, or its panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    pub process: String,
    /// `src/post.rs:42: index out of bounds`
    pub panic: Option<String>,
    pub lines: Vec<String>,
}

/// A duration as people read it: `9.2 s`, `12 ms`, `0.4 ms`.
pub fn human(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ms if ms >= 10_000.0 => format!("{:.0} s", ms / 1000.0),
        ms if ms >= 1000.0 => format!("{:.1} s", ms / 1000.0),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms if ms >= 1.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.2} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let shown = [12_345_678, 9_200_000, 12_000, 1_450, 340].map(|us| human(Duration::from_micros(us)));
        assert_eq!(shown, ["12 s", "9.2 s", "12 ms", "1.4 ms", "0.34 ms"]);
    }
}
