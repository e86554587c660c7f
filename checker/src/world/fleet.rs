//! Servers of the checker's own behind the balancer, and people who ask them for something quick or something slow.

mod bodies;
mod crowd;
mod echo;
mod health;
mod once;
mod readers;
mod slow;
mod tries;

use std::{
    ffi::OsString,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use hyper::StatusCode;
use rand::RngExt;
use tokio::time::sleep;

pub use self::{crowd::GivenUp, echo::Echo, readers::Readers, slow::Slow};
use super::{
    World,
    city::City,
    site::Server,
    timeline::Timeline,
    upstream::Upstream,
    wire::{Ask, Letter, Silence, Wire},
};
use crate::story::{Failure, Stop, broken, human};

/// Between two looks at whether somebody stands in line for good.
const LOOK: Duration = Duration::from_millis(2);
/// From the door to a server, on a busy machine.
const ARRIVES: Duration = Duration::from_secs(10);

/// A balancer and what stands behind it, to be described and started.
pub struct FleetBuilder<'w> {
    world: &'w mut World,
    servers: usize,
    workers: usize,
    settings: Vec<(&'static str, OsString)>,
    is_behind_an_edge: bool,
}

/// What its users ask.
enum Door {
    Balancer(Server),
    Edge(City),
}

pub struct Fleet {
    pub servers: Vec<Upstream>,
    door: Door,
    timeline: Timeline,
    /// Under way, and not waited for yet.
    slow: Vec<Slow>,
    /// Makes each request's path its own.
    asked: AtomicUsize,
}

impl World {
    /// A balancer before so many servers of the checker's own. It asks for their health every 50 ms, patiently.
    pub fn fleet(&mut self, servers: usize) -> FleetBuilder<'_> {
        let settings = vec![("HEALTH_EVERY", "50ms".into()), ("HEALTH_TIMEOUT", "5s".into())];
        FleetBuilder { world: self, servers, workers: 64, settings, is_behind_an_edge: false }
    }

    /// One of so many, as the seed will have it.
    pub fn pick(&mut self, count: usize) -> usize {
        self.rng().random_range(0..count)
    }
}

impl FleetBuilder<'_> {
    /// How many requests each server works on at a time; many unless said.
    pub fn workers(self, workers: usize) -> Self {
        FleetBuilder { workers, ..self }
    }

    /// A setting of the balancer.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    /// With an edge before the first of them, and no balancer.
    pub fn behind_an_edge(self) -> Self {
        FleetBuilder { is_behind_an_edge: true, ..self }
    }

    pub async fn start(self) -> Result<Fleet, Stop> {
        let start = |number| Upstream::start(format!("server {number}"), self.workers);
        let servers = (1..=self.servers).map(start).collect::<Result<Vec<_>, _>>()?;
        let door = if self.is_behind_an_edge {
            Door::Edge(self.world.city(servers[0].address()).start().await?)
        } else {
            let site = self.world.site().balancer_over(servers.iter().map(Upstream::address));
            let site = self.settings.into_iter().fold(site, |site, (name, value)| site.with(name, value));
            Door::Balancer(site.start().await?.into_door())
        };
        let timeline = self.world.timeline().clone();
        Ok(Fleet { servers, door, timeline, slow: Vec::new(), asked: AtomicUsize::new(0) })
    }
}

impl Fleet {
    /// What its users ask: the balancer, or the edge.
    pub fn balancer(&self) -> &Server {
        match &self.door {
            Door::Balancer(balancer) => balancer,
            Door::Edge(city) => &city.edge,
        }
    }

    /// The other one of two.
    pub fn other(&self, server: usize) -> usize {
        (server + 1) % self.servers.len()
    }

    /// A new connection to the balancer.
    pub async fn connect(&self) -> Result<Wire, Stop> {
        self.balancer().wire(&self.timeline).await
    }

    /// A path that nobody has asked for yet, and the start of no other.
    fn unique(&self, path: &str) -> String {
        format!("{path}?{};", self.asked.fetch_add(1, Relaxed))
    }

    /// Asks over a new connection, and tells it.
    pub async fn ask(&self, ask: Ask, why: &str) -> Result<Letter, Stop> {
        self.connect().await?.expect(ask, why).await
    }

    /// Asks, and asks again as long as no server gets it: on a busy machine, none may be well for a moment.
    pub async fn ask_until_taken(&self, path: &str, why: &str) -> Result<Letter, Stop> {
        let deadline = Instant::now() + ARRIVES;
        loop {
            let letter = self.ask(Ask::get(path), why).await?;
            let is_busy = letter.status == StatusCode::SERVICE_UNAVAILABLE && self.taker(path).is_none();
            if !is_busy || Instant::now() > deadline {
                return Ok(letter);
            }
            sleep(LOOK).await;
        }
    }

    /// Who got a request with this path.
    fn taker(&self, path: &str) -> Option<usize> {
        self.servers.iter().position(|server| server.visits(path) > 0)
    }

    /// A quick request; says which server answered it. Whoever stands in line behind slow ones does so for good, and that
    /// is a failure.
    pub async fn quick(&self, wire: &mut Wire) -> Result<usize, Stop> {
        let path = self.unique("/light");
        let letter = tokio::select! {
            letter = wire.hears(Ask::get(path.clone())) => letter,
            // Sooner than those give up who asked for something slow: when they leave, others find room.
            () = sleep(ARRIVES) => Err(Silence(format!("nothing within {}", human(ARRIVES)))),
            at = self.somebody_is_stuck() => return self.stuck(at),
        };
        let why = "A quick request is answered, whatever else there is to do.";
        let letter = match letter {
            Ok(letter) => letter,
            Err(silence) => {
                let saw = format!("{}; slow requests under way at {}", silence.0, self.told(&self.slow_ones()));
                let why = "Whoever only wants to read the feed need not wait for the end of what others asked for.";
                return self.failed("a quick request is answered", saw, why);
            }
        };
        letter.expect_status(200, why)?;
        match self.taker(&path) {
            Some(server) => Ok(server),
            None => self.failed("an answer from one of the servers", "200, and none of them was asked", why),
        }
    }

    async fn somebody_is_stuck(&self) -> usize {
        loop {
            if let Some(at) = self.servers.iter().position(Upstream::keeps_quick_ones_waiting) {
                return at;
            }
            sleep(LOOK).await;
        }
    }

    fn stuck<T>(&self, at: usize) -> Result<T, Stop> {
        let why =
            "Somebody who only wants to read the feed stands in line behind slow requests, and elsewhere nobody does.";
        let server = &self.servers[at];
        let saw = format!(
            "a quick request stands in line at {}, which works on {} at a time, all of them slow; slow requests under way at {}",
            server.name(),
            server.workers(),
            self.told(&self.slow_ones())
        );
        self.failed("quick requests are answered while slow ones are under way", saw, why)
    }

    /// So many quick requests, one after the other, each by somebody who just came: how many each server got.
    pub async fn newcomers(&self, times: usize) -> Result<Vec<usize>, Stop> {
        let moment = self.timeline.begin(format!("{times} quick requests, each over a new connection"));
        let mut counts = vec![0; self.servers.len()];
        for _ in 0..times {
            counts[self.quick(&mut self.connect().await?).await?] += 1;
        }
        moment.end(self.told(&counts));
        Ok(counts)
    }

    /// So many quick requests of one reader, one after the other, over one connection.
    pub async fn reader(&self, wire: &mut Wire, times: usize) -> Result<Vec<usize>, Stop> {
        let moment = self.timeline.begin(format!("{times} quick requests over one connection"));
        let mut counts = vec![0; self.servers.len()];
        for _ in 0..times {
            counts[self.quick(wire).await?] += 1;
        }
        moment.end(self.told(&counts));
        Ok(counts)
    }

    /// At least so many of these went there.
    pub fn expect_at(&self, counts: &[usize], server: usize, least: usize, why: &str) -> Result<(), Stop> {
        if counts[server] >= least {
            return Ok(());
        }
        let name = self.servers[server].name();
        let expected = format!("at least {least} of {} go to {name}", counts.iter().sum::<usize>());
        let under_way = self.counts(Upstream::in_flight);
        self.failed(expected, format!("{}; still under way: {under_way}", self.told(counts)), why)
    }

    /// Each server got at least so many of these.
    pub fn expect_each(&self, counts: &[usize], least: usize, why: &str) -> Result<(), Stop> {
        if counts.iter().all(|count| *count >= least) {
            return Ok(());
        }
        let expected = format!("each server gets its share of {}: at least {least}", counts.iter().sum::<usize>());
        self.failed(expected, self.told(counts), why)
    }

    /// `server 1: 8, server 2: 0`
    fn counts(&self, count: impl Fn(&Upstream) -> usize) -> String {
        self.told(&self.servers.iter().map(count).collect::<Vec<_>>())
    }

    fn told(&self, counts: &[usize]) -> String {
        let told = self.servers.iter().zip(counts).map(|(server, count)| format!("{}: {count}", server.name()));
        told.collect::<Vec<_>>().join(", ")
    }

    /// The balancer's failure.
    pub fn failed<T>(&self, expected: impl Into<String>, saw: impl Into<String>, why: &str) -> Result<T, Stop> {
        Err(Stop::Failed(Failure::new(expected, saw, why).of(self.balancer().name())))
    }

    /// Waits until nobody is under way at any server.
    pub async fn is_quiet(&self, limit: Duration) -> Result<(), Stop> {
        for server in &self.servers {
            if let Err(error) = server.wait_in_flight(0, limit).await {
                return broken(format!("{error}, and everybody has left"));
            }
        }
        Ok(())
    }
}

impl Letter {
    pub fn expect_status(&self, status: u16, why: &str) -> Result<(), Stop> {
        if self.status.as_u16() == status {
            return Ok(());
        }
        crate::story::failed(status.to_string(), self.summary(), why)
    }
}
