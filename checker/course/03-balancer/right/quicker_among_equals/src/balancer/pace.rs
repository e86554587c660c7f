//! How long a server takes to answer, lately. A peak counts at once; what is better counts little by little.

use std::time::{Duration, Instant};

/// After this long without news, a third is left of what was remembered.
const FORGOTTEN: Duration = Duration::from_secs(1);

/// What nobody is quicker than, so that nobody is infinitely quick.
const LEAST: f64 = 0.001;

pub struct Pace {
    seconds: f64,
    measured: Instant,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { seconds: LEAST, measured: Instant::now() }
    }
}

impl Pace {
    pub fn now(&self) -> f64 {
        (self.seconds * self.left()).max(LEAST)
    }

    pub fn took(&mut self, time: Duration) {
        let (before, took, left) = (self.now(), time.as_secs_f64(), self.left());
        self.seconds = took.max(before * left + took * (1.0 - left));
        self.measured = Instant::now();
    }

    fn left(&self) -> f64 {
        (-self.measured.elapsed().as_secs_f64() / FORGOTTEN.as_secs_f64()).exp()
    }
}
