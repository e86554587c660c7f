//! Who came to an upstream, and who is still there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

/// Visits kept after they have ended, about 200 bytes each. A scenario makes a few thousand; a benchmark more.
const KEPT: usize = 200_000;

/// A request as the upstream saw it. Probes are counted apart.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub method: String,
    /// With its query.
    pub path: String,
    /// When its head had been read.
    pub at: Instant,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    InFlight,
    /// Its whole answer was handed over.
    Served(Instant),
    /// The client went away, or the upstream did.
    Gone(Instant),
}

/// What the upstream remembers. Written by visits; whoever waits for a number of them watches it.
#[derive(Default)]
pub struct Log {
    arrived: u64,
    in_flight: BTreeMap<u64, Arrival>,
    /// By the order in which they ended.
    ended: VecDeque<(u64, Arrival)>,
    /// How many of those that are no longer kept were served, by the first segment of their path.
    forgotten: BTreeMap<String, usize>,
}

impl Log {
    pub fn in_flight(&self, prefix: &str) -> usize {
        self.in_flight.values().filter(|arrival| arrival.path.starts_with(prefix)).count()
    }

    /// Of those that are kept.
    pub fn visits(&self, prefix: &str) -> usize {
        let ended = self.ended.iter().filter(|(_, arrival)| arrival.path.starts_with(prefix)).count();
        ended + self.in_flight(prefix)
    }

    pub fn served(&self, prefix: &str) -> usize {
        let is_served =
            |arrival: &Arrival| matches!(arrival.state, State::Served(_)) && arrival.path.starts_with(prefix);
        let kept = self.ended.iter().filter(|(_, arrival)| is_served(arrival)).count();
        let forgotten = self.forgotten.iter().filter(|(segment, _)| segment.starts_with(prefix));
        kept + forgotten.map(|(_, count)| count).sum::<usize>()
    }

    /// In the order in which they came.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let ended = self.ended.iter().map(|(id, arrival)| (*id, arrival.clone()));
        let in_flight = self.in_flight.iter().map(|(id, arrival)| (*id, arrival.clone()));
        let mut arrivals: Vec<_> = ended.chain(in_flight).collect();
        arrivals.sort_by_key(|(id, _)| *id);
        arrivals.into_iter().map(|(_, arrival)| arrival).collect()
    }

    fn enter(&mut self, arrival: Arrival) -> u64 {
        self.arrived += 1;
        self.in_flight.insert(self.arrived, arrival);
        self.arrived
    }

    fn leave(&mut self, id: u64, state: State) {
        let Some(arrival) = self.in_flight.remove(&id) else { return };
        self.ended.push_back((id, Arrival { state, ..arrival }));
        if self.ended.len() > KEPT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, oldest)) = self.ended.pop_front() else { return };
        if let State::Served(_) = oldest.state {
            let end = oldest.path[1..].find(['/', '?']).map_or(oldest.path.len(), |end| end + 1);
            *self.forgotten.entry(oldest.path[..end].to_owned()).or_default() += 1;
        }
    }
}

/// A request that is in flight while this lives: it leaves whether it is answered, broken off or forgotten.
pub struct Visit {
    log: Arc<watch::Sender<Log>>,
    id: u64,
    served: bool,
}

impl Visit {
    pub fn begin(log: &Arc<watch::Sender<Log>>, method: &str, path: &str) -> Visit {
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut id = 0;
        log.send_modify(|log| id = log.enter(Arrival { method, path, at: Instant::now(), state: State::InFlight }));
        Visit { log: log.clone(), id, served: false }
    }

    /// The whole answer was handed over.
    pub fn is_served(&mut self) {
        self.served = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let now = Instant::now();
        let state = if self.served { State::Served(now) } else { State::Gone(now) };
        self.log.send_modify(|log| log.leave(self.id, state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_forgets_visits_and_keeps_its_counts() {
        let log = Arc::new(watch::Sender::new(Log::default()));
        let _stays = Visit::begin(&log, "GET", "/slow/1");
        for index in 0..KEPT + 10 {
            Visit::begin(&log, "GET", &format!("/light/{index}")).is_served();
        }
        drop(Visit::begin(&log, "GET", "/light/gone"));

        let log = log.borrow();
        assert_eq!(log.arrivals().len(), KEPT + 1);
        assert_eq!(log.arrivals()[0].path, "/slow/1");
        assert_eq!((log.served("/light"), log.served("/"), log.served("/slow")), (KEPT + 10, KEPT + 10, 0));
        assert_eq!((log.in_flight("/"), log.in_flight("/light")), (1, 0));
    }
}
