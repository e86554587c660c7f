//! Why a scenario stopped, and the story that a failure tells: what was done, what a user saw, what was expected.

use std::time::{Duration, SystemTime};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub expected: String,
    pub saw: String,
    /// One plain sentence: what this means for the users.
    pub why: String,
    /// The process at fault, where one is.
    pub process: Option<String>,
    /// When it was seen: what processes say after that, while the scenario is cleared away, is no part of the story.
    pub at: SystemTime,
}

impl Failure {
    /// Seen now.
    pub fn new(expected: impl Into<String>, saw: impl Into<String>, why: impl Into<String>) -> Failure {
        let (expected, saw, why) = (expected.into(), saw.into(), why.into());
        Failure { expected, saw, why, process: None, at: SystemTime::now() }
    }

    /// With this process at fault.
    pub fn of(self, process: impl Into<String>) -> Failure {
        Failure { process: Some(process.into()), ..self }
    }
}

/// The learner's program is wrong: `expected` against what a user `saw`, and what that means.
pub fn failed<T>(expected: impl Into<String>, saw: impl Into<String>, why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(Failure::new(expected, saw, why)))
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
    /// Of each process worth a look, what it said that may explain the failure.
    pub last_words: Vec<LastWords>,
}

/// A process's panic, and of its log what is worth reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    pub process: String,
    /// `src/post.rs:42:9: index out of bounds`
    pub panic: Option<String>,
    /// In their order; [`LEFT_OUT`] stands for others in between.
    pub lines: Vec<String>,
}

/// In place of log lines that are not told.
pub const LEFT_OUT: &str = "…";

impl LastWords {
    /// `src/post.rs:42:9`, where it panicked.
    pub fn panicked_at(&self) -> Option<&str> {
        self.panic.as_deref()?.split(": ").next()
    }
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

/// A whole number as people read it: `10,000,000`.
pub fn with_commas(number: impl ToString) -> String {
    let number = number.to_string();
    let (sign, digits) = number.split_at(number.len() - number.trim_start_matches('-').len());
    let mut shown = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let shown = [12_345_678, 9_200_000, 12_000, 1_450, 340].map(|us| human(Duration::from_micros(us)));
        assert_eq!(shown, ["12 s", "9.2 s", "12 ms", "1.4 ms", "0.34 ms"]);
    }

    #[test]
    fn numbers_read_well() {
        let shown = [847, 1_000, 10_000_000, -123_456].map(with_commas);
        assert_eq!(shown, ["847", "1,000", "10,000,000", "-123,456"]);
    }
}
