//! How long people wait for a page. Where somebody waited in vain and nobody has ever been answered, the others do not wait as
//! long: a program that takes connections and says nothing fails each promise, and each as late as the first would be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::pulse::{Pulse, STALL};

/// How long a person looks at a page that does not come.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// The same where nothing has ever come. An answer within it brings the whole back.
const WITHOUT_HOPE: Duration = Duration::from_secs(2);

/// Known to all worlds of a run.
pub struct Patience {
    pulse: Arc<Pulse>,
    was_answered: AtomicBool,
    waited_in_vain: AtomicBool,
}

impl Patience {
    pub fn new(pulse: Arc<Pulse>) -> Patience {
        Patience { pulse, was_answered: AtomicBool::new(false), waited_in_vain: AtomicBool::new(false) }
    }

    /// For one request.
    pub fn now(&self) -> Duration {
        let is_without_hope = self.waited_in_vain.load(Relaxed) && !self.was_answered.load(Relaxed);
        if is_without_hope { WITHOUT_HOPE } else { PATIENCE }
    }

    /// Somebody got any answer at all: there is hope for the rest of the run.
    pub fn was_answered(&self) {
        self.was_answered.store(true, Relaxed);
    }

    /// Somebody gave up who began then. On a machine that stood still meanwhile it says nothing.
    pub fn gave_up(&self, began: Instant) {
        if began.elapsed() >= PATIENCE && self.pulse.worst_since(began) < STALL {
            self.waited_in_vain.store(true, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_wait_without_any_answer_shortens_those_that_follow() {
        let pulse = Arc::new(Pulse::start().expect("threads can be started"));
        let long_ago = Instant::now().checked_sub(PATIENCE).expect("this machine is up for longer");
        let patience = Patience::new(pulse);
        patience.gave_up(Instant::now());
        assert_eq!(patience.now(), PATIENCE, "a wait that was cut short says nothing");
        patience.gave_up(long_ago);
        assert_eq!(patience.now(), WITHOUT_HOPE);
        patience.was_answered();
        assert_eq!(patience.now(), PATIENCE, "somebody is answered, so others may be");
        patience.gave_up(long_ago);
        assert_eq!(patience.now(), PATIENCE);
    }
}
