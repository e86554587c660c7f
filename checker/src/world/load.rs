//! Load: requests that start when they should, whether or not those before them were answered, and crowds that come at once.
//!
//! A latency counts from the moment at which its request should have started. A generator that waits for an answer before
//! it sends the next request asks a server that stands still for a second once, and calls that one slow answer; its users
//! would have been a second late by the hundred. (Gil Tene calls it coordinated omission; wrk2 and oha's `--latency-correction`
//! count as we do.)

pub mod crowd;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

use self::wire::Pool;
pub use self::wire::{NOT_IN_TIME, Outcome, Outgoing};
use super::World;
use crate::{
    limits,
    story::{Stop, broken, human},
};

/// An answer that takes longer is given up: its user has left.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connections of one load; a request that finds none free waits, and that counts.
const CONNECTIONS: usize = 256;

/// Latencies up to this are told apart, to three digits.
const LONGEST: Duration = Duration::from_secs(60);

/// A load to be described: by whom, of what, how much, for how long.
#[derive(Clone, Debug)]
pub struct Load {
    addresses: Vec<SocketAddr>,
    requests: Vec<Outgoing>,
    rate: f64,
    lasting: Duration,
    connections: usize,
}

/// A load that goes on while something else happens.
pub struct Loading {
    task: JoinHandle<anyhow::Result<Latencies>>,
}

/// What became of a load.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// In microseconds, of those that were answered.
    histogram: Histogram<u64>,
    /// Answers, by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that were not taken: no connection.
    pub refused: u64,
    /// Requests that were sent and not answered.
    pub unsure: u64,
    /// How far the generator itself was behind its plan, at worst.
    pub behind: Duration,
    /// From the first planned start to the last end.
    pub took: Duration,
}

impl World {
    /// A load on a server, 100 requests a second for a second unless said.
    pub fn load(&self, on: SocketAddr) -> Load {
        Load::on([on])
    }
}

impl Load {
    /// On several addresses, one after the other.
    pub fn on(addresses: impl IntoIterator<Item = SocketAddr>) -> Load {
        Load {
            addresses: addresses.into_iter().collect(),
            requests: Vec::new(),
            rate: 100.0,
            lasting: Duration::from_secs(1),
            connections: CONNECTIONS,
        }
    }

    /// One more request to be sent, in turn with the others.
    pub fn of(mut self, request: Outgoing) -> Load {
        self.requests.push(request);
        self
    }

    /// Requests a second.
    pub fn rate(self, rate: impl Into<f64>) -> Load {
        Load { rate: rate.into(), ..self }
    }

    /// From the first planned start to the last.
    pub fn lasting(self, lasting: Duration) -> Load {
        Load { lasting, ..self }
    }

    /// At most so many connections.
    pub fn connections(self, connections: usize) -> Load {
        Load { connections, ..self }
    }

    /// Sends everything, and waits until the last request is answered or given up.
    pub async fn runs(self) -> Result<Latencies, Stop> {
        self.starts()?.ends().await
    }

    /// On each of its connections one request after the other, as fast as they are answered, for as long as it lasts: how
    /// much a server can do. (Its latencies are those of a generator that waits, and no user's.)
    pub async fn saturates(self) -> Result<Latencies, Stop> {
        let began = Instant::now();
        let end = began + self.lasting;
        let tally = Arc::new(Mutex::new(Latencies::none()?));
        let mut busy = JoinSet::new();
        for number in 0..self.connections {
            let (load, tally) = (self.clone(), tally.clone());
            busy.spawn(async move {
                let pool = Pool::new(&load.addresses[number % load.addresses.len()..][..1]);
                for request in load.requests.iter().cycle() {
                    let sent = Instant::now();
                    if sent >= end {
                        break;
                    }
                    let outcome = pool.ask(request, end + PATIENCE).await;
                    lock(&tally).add(&outcome, sent.elapsed());
                }
            });
        }
        while let Some(ended) = busy.join_next().await {
            ended.context("sending requests")?;
        }
        let mut latencies = lock(&tally).clone();
        latencies.took = began.elapsed();
        Ok(latencies)
    }

    /// Goes on beside what follows.
    pub fn starts(self) -> Result<Loading, Stop> {
        let sockets = self.connections as u64 + 64;
        if sockets > limits::open_files() {
            return broken(format!(
                "this load wants {sockets} sockets, and a process may have {} files open here; `ulimit -n 4096` raises that",
                limits::open_files()
            ));
        }
        if self.requests.is_empty() || self.addresses.is_empty() {
            return broken("a load is of some request, on some server");
        }
        Ok(Loading { task: tokio::spawn(self.carry_out()) })
    }

    async fn carry_out(self) -> anyhow::Result<Latencies> {
        let count = (self.rate * self.lasting.as_secs_f64()).round() as u64;
        let pool = Arc::new(Pool::new(&self.addresses));
        let seats = Arc::new(Semaphore::new(self.connections));
        let tally = Arc::new(Mutex::new(Latencies::none()?));
        let mut under_way = JoinSet::new();
        let began = Instant::now();
        for number in 0..count {
            let planned = began + Duration::from_secs_f64(number as f64 / self.rate);
            if planned > Instant::now() {
                sleep_until(planned).await;
            }
            lock(&tally).behind_by(planned.elapsed());
            let request = self.requests[number as usize % self.requests.len()].clone();
            let (pool, seats, tally) = (pool.clone(), seats.clone(), tally.clone());
            under_way.spawn(async move {
                // Never closed.
                let _seat = seats.acquire_owned().await;
                let outcome = pool.ask(&request, planned + PATIENCE).await;
                lock(&tally).add(&outcome, planned.elapsed());
            });
            while under_way.try_join_next().is_some() {}
        }
        while let Some(ended) = under_way.join_next().await {
            ended.context("sending a request")?;
        }
        let mut latencies = lock(&tally).clone();
        latencies.took = began.elapsed();
        Ok(latencies)
    }
}

impl Loading {
    /// Waits for its planned end.
    pub async fn ends(self) -> Result<Latencies, Stop> {
        Ok(self.task.await.context("the load was ended")??)
    }
}

impl Latencies {
    fn none() -> anyhow::Result<Latencies> {
        // Three digits; the highest value is a constant that fits.
        let histogram = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3).context("making a histogram")?;
        Ok(Latencies {
            histogram,
            statuses: BTreeMap::new(),
            refused: 0,
            unsure: 0,
            behind: Duration::ZERO,
            took: Duration::ZERO,
        })
    }

    fn behind_by(&mut self, late: Duration) {
        self.behind = self.behind.max(late);
    }

    fn add(&mut self, outcome: &Outcome, latency: Duration) {
        match outcome {
            Outcome::Answered { status, .. } => {
                *self.statuses.entry(status.as_u16()).or_default() += 1;
                self.histogram.saturating_record(latency.as_micros() as u64);
            }
            Outcome::Refused(_) => self.refused += 1,
            Outcome::Unsure(_) => self.unsure += 1,
        }
    }

    /// The latency that this share of the answers did not exceed: 0.99 is p99.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.histogram.value_at_quantile(share))
    }

    pub fn p50(&self) -> Duration {
        self.quantile(0.5)
    }

    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    pub fn max(&self) -> Duration {
        Duration::from_micros(self.histogram.max())
    }

    /// Answers of any status.
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers with this status.
    pub fn of_status(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// All requests of the load.
    pub fn requests(&self) -> u64 {
        self.answered() + self.refused + self.unsure
    }

    /// Answers a second.
    pub fn throughput(&self) -> f64 {
        self.answered() as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// `Broken` when the generator could not keep its own plan: then the latencies are ours, not the program's.
    pub fn expect_on_time(&self, limit: Duration) -> Result<(), Stop> {
        if self.behind <= limit {
            return Ok(());
        }
        broken(format!(
            "the load was {} behind its own plan, so this machine is too busy to judge a latency; close what else is running and \
             check again",
            human(self.behind)
        ))
    }
}

impl fmt::Display for Latencies {
    /// `400 requests: 399 × 200, 1 refused; p50 1.2 ms, p99 8.4 ms`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        if self.refused > 0 {
            parts.push(format!("{} refused", self.refused));
        }
        if self.unsure > 0 {
            parts.push(format!("{} without an answer", self.unsure));
        }
        write!(f, "{} requests: {}", self.requests(), parts.join(", "))?;
        if self.answered() > 0 {
            write!(f, "; p50 {}, p99 {}", human(self.p50()), human(self.p99()))?;
        }
        Ok(())
    }
}

fn lock(tally: &Mutex<Latencies>) -> MutexGuard<'_, Latencies> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
