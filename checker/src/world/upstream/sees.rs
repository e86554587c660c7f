//! What an upstream sees of its visitors, and waits to see.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use anyhow::bail;
use tokio::time::timeout;

use super::{Arrival, Upstream};

impl Upstream {
    /// Every request but probes, in the order in which they came.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.log.borrow().arrivals()
    }

    /// How many requests have come whose path starts with `prefix`, whatever became of them.
    pub fn visits(&self, prefix: &str) -> usize {
        self.shared.log.borrow().visits(prefix)
    }

    /// Requests that have come and neither been answered to their end nor been given up by their client.
    pub fn in_flight(&self) -> usize {
        self.in_flight_of("/")
    }

    /// Those in flight whose path starts with `prefix`.
    pub fn in_flight_of(&self, prefix: &str) -> usize {
        self.shared.log.borrow().in_flight(prefix)
    }

    /// Waits until exactly so many are in flight.
    pub async fn wait_in_flight(&self, count: usize, limit: Duration) -> anyhow::Result<()> {
        let mut log = self.shared.log.subscribe();
        match timeout(limit, log.wait_for(|log| log.in_flight("/") == count)).await {
            Ok(_) => Ok(()),
            Err(_) => bail!("{} had {} requests in flight after {limit:?}, not {count}", self.name(), self.in_flight()),
        }
    }

    /// Waits until a request whose path starts with `prefix` is in flight.
    pub async fn wait_visit(&self, prefix: &str) {
        let mut log = self.shared.log.subscribe();
        // It fails only when the log is gone, and it is ours.
        let _ = log.wait_for(|log| log.in_flight(prefix) > 0).await;
    }

    /// Whether a quick request stands in line while every worker is kept by a slow one: nothing but `release_slow` or
    /// `release_one` will get it answered.
    pub fn keeps_quick_ones_waiting(&self) -> bool {
        let workers = &self.shared.workers;
        // In this order: slow ones stay where they are, so a quick one that is in line now has to stay there.
        workers.kept.load(SeqCst) == workers.count && workers.quick_in_line.load(SeqCst) > 0
    }

    /// How many workers it has.
    pub fn workers(&self) -> usize {
        self.shared.workers.count
    }

    /// Requests whose path starts with `prefix` that were answered to their end.
    pub fn served(&self, prefix: &str) -> usize {
        self.shared.log.borrow().served(prefix)
    }

    /// Probes that have come so far.
    pub fn probes(&self) -> u64 {
        *self.shared.probes.borrow()
    }

    /// Waits until `count` more probes have come.
    pub async fn wait_probes(&self, count: u64, limit: Duration) -> anyhow::Result<()> {
        let mut probes = self.shared.probes.subscribe();
        let wanted = *probes.borrow_and_update() + count;
        let probed = timeout(limit, probes.wait_for(|probes| *probes >= wanted)).await;
        match probed {
            Ok(_) => Ok(()),
            Err(_) => bail!("{} did not get {count} probes within {limit:?}", self.name()),
        }
    }

    /// Bytes that all `/sink`s have read so far.
    pub fn sunk(&self) -> u64 {
        *self.shared.sunk.borrow()
    }

    /// Waits until `/sink`s have read so many bytes.
    pub async fn wait_sunk(&self, bytes: u64, limit: Duration) -> anyhow::Result<()> {
        let mut sunk = self.shared.sunk.subscribe();
        match timeout(limit, sunk.wait_for(|sunk| *sunk >= bytes)).await {
            Ok(_) => Ok(()),
            Err(_) => bail!("{} had read {} bytes after {limit:?}, not {bytes}", self.name(), self.sunk()),
        }
    }

    /// Connections opened so far.
    pub fn connections(&self) -> u64 {
        self.shared.seats.borrow().opened
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.shared.seats.borrow().open.len()
    }
}
