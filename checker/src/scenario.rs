//! What a scenario is: one promise's name, the function that holds the program to it, and how it wants to be run.

use std::{pin::Pin, time::Duration};

use crate::{story::Stop, world::World};

pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

pub struct Scenario {
    /// As in chapter.toml.
    pub name: &'static str,
    pub run: fn(&mut World) -> Running<'_>,
    /// It measures time or load, so nothing else may run beside it.
    pub alone: bool,
    /// It waits more than it computes: it starts with the first ones, and keeps nobody from running beside it.
    pub waits: bool,
    /// A program that hangs is given up after this; ten times what the solution takes on a busy machine.
    pub limit: Duration,
}

impl Scenario {
    pub const fn new(name: &'static str, run: fn(&mut World) -> Running<'_>) -> Scenario {
        Scenario { name, run, alone: false, waits: false, limit: Duration::from_secs(60) }
    }

    pub const fn alone(self) -> Scenario {
        Scenario { alone: true, ..self }
    }

    pub const fn waits(self) -> Scenario {
        Scenario { waits: true, ..self }
    }

    pub const fn limit(self, seconds: u64) -> Scenario {
        Scenario { limit: Duration::from_secs(seconds), ..self }
    }
}

/// The scenario of a function, under the function's own name.
#[macro_export]
macro_rules! scenario {
    ($name:ident) => {
        $crate::scenario::Scenario::new(stringify!($name), |world| Box::pin($name(world)))
    };
}
