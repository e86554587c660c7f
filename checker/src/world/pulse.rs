//! Whether this machine can be judged on: a thread that wakes every few milliseconds and notes when it was late. When
//! it was, nobody's program is to blame for being slow.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A machine that stands still for longer than this is not one to judge a failure on.
pub const STALL: Duration = Duration::from_secs(1);

const BEAT: Duration = Duration::from_millis(10);
/// Less is the scheduler at work.
const LATE: Duration = Duration::from_millis(50);

pub struct Pulse {
    stalls: Arc<Mutex<Vec<(Instant, Duration)>>>,
    over: Arc<AtomicBool>,
}

impl Pulse {
    pub fn start() -> std::io::Result<Pulse> {
        let pulse = Pulse { stalls: Arc::default(), over: Arc::default() };
        let (stalls, over) = (pulse.stalls.clone(), pulse.over.clone());
        std::thread::Builder::new().name("pulse".to_owned()).spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(BEAT);
                let late = began.elapsed().saturating_sub(BEAT);
                if late > LATE {
                    stalls.lock().unwrap_or_else(PoisonError::into_inner).push((began, late));
                }
            }
        })?;
        Ok(pulse)
    }

    /// The longest that the machine stood still for us since then; zero where it did not.
    pub fn worst_since(&self, since: Instant) -> Duration {
        let stalls = self.stalls.lock().unwrap_or_else(PoisonError::into_inner);
        stalls.iter().filter(|(at, late)| *at + *late >= since).map(|(_, late)| *late).max().unwrap_or_default()
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
