//! What a scenario can hold: a system of its own, users, faults, figures. Everything in it is random under one seed,
//! and ends with it.

pub mod busy;
pub mod by_hand;
pub mod cache;
pub mod change;
pub mod city;
pub mod database;
pub mod encoding;
pub mod errands;
mod everywhere;
mod expect;
pub mod files;
pub mod filled;
pub mod fleet;
pub mod forge;
pub mod front;
pub mod herd;
pub mod html;
pub mod http;
pub mod imposter;
mod jam;
mod kept;
pub mod late;
pub mod listed;
pub mod live;
pub mod load;
pub mod loot;
mod migrate;
pub mod mysql;
mod near;
pub mod origin;
mod outage;
pub mod page;
pub mod patience;
mod people;
pub mod people_far_away;
pub mod plan;
pub mod process;
pub mod proxy;
pub mod pulse;
pub mod query;
pub mod quiet_day;
pub mod reader;
pub mod reads;
pub mod redis;
pub mod rows;
mod served;
pub mod servers;
pub mod session;
mod shape;
pub mod shed;
pub mod site;
pub mod slow_readers;
pub mod spread;
mod stage;
mod starts;
pub mod storm;
pub mod table;
pub mod timeline;
pub mod together;
pub mod upstream;
mod visits;
pub mod wire;
pub mod words;
mod work;
pub mod writes;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use futures_util::future::join_all;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

pub use self::stage::{Context, Stage};
use self::{
    database::Database,
    process::Process,
    redis::{Lease, Redis},
    site::SiteBuilder,
    timeline::Timeline,
};
use crate::story::{LastWords, Stop, broken};

pub struct World {
    pub stage: Arc<Stage>,
    rng: StdRng,
    measured: BTreeMap<String, Value>,
    database: Option<Database>,
    /// Its database is in a server that is nobody else's.
    fills_the_server: bool,
    /// What it has of somebody's Redis.
    leases: Vec<Lease>,
    began: Instant,
}

impl World {
    pub fn new(context: Arc<Context>, name: &str, seed: u64) -> anyhow::Result<World> {
        let folder = context.folder.join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("making {}; is the disk full or read-only?", folder.display()))?;
        let stage = Stage::new(context, folder);
        // Each scenario has numbers of its own, whichever others run.
        let seed = name.bytes().fold(seed, |seed, byte| seed.rotate_left(7) ^ u64::from(byte));
        Ok(World {
            stage: Arc::new(stage),
            rng: StdRng::seed_from_u64(seed),
            measured: BTreeMap::new(),
            database: None,
            fills_the_server: false,
            leases: Vec::new(),
            began: Instant::now(),
        })
    }

    /// The system under test, to be described and started.
    pub fn site(&mut self) -> SiteBuilder<'_> {
        SiteBuilder::new(self)
    }

    /// This world's database, as the role `migrate` leaves it.
    pub async fn database(&mut self) -> Result<Database, Stop> {
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let stage = self.stage.clone();
        let server = stage.context.mysql(self.fills_the_server).await?;
        let template = server.map_or(&stage.context.template, |server| &server.template);
        let template = self.migrated(template.get_or_init(|| stage.context.migrate_new(server)).await)?;
        let database = stage.context.place(server, &stage.folder).await?;
        // Whatever becomes of the copy, it is this world's to remove.
        self.database = Some(database.clone());
        database.copy_from(&template).await?;
        Ok(database)
    }

    /// One of its own; or, where that is asked for and there is one, a part of somebody's.
    async fn running_redis(&mut self, may_be_shared: bool) -> Result<Redis, Stop> {
        let stage = self.stage.clone();
        if may_be_shared && let Some(shared) = stage.context.shared_redis().await? {
            let lease = shared.lease().await?;
            self.leases.push(lease.clone());
            return Ok(Redis::of(lease, stage));
        }
        let redis = Redis::new(stage);
        redis.starts().await?;
        Ok(redis)
    }

    pub fn rng(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    pub fn timeline(&self) -> &Timeline {
        &self.stage.timeline
    }

    pub fn note(&self, act: impl Into<String>) {
        self.stage.timeline.note(act);
    }

    /// Keeps a figure for the report; the name says its unit.
    pub fn measured(&mut self, name: &str, value: impl Into<Value>) {
        self.measured.insert(name.to_owned(), value.into());
    }

    pub fn take_measured(&mut self) -> BTreeMap<String, Value> {
        std::mem::take(&mut self.measured)
    }

    /// A delay of the talk: a tenth of it, unless `--real-time`.
    pub fn delay(&self, talk: Duration) -> Duration {
        if self.stage.context.real_time { talk } else { talk / 10 }
    }

    /// `Broken` when this machine stood still for longer than `limit` since the scenario began: then what was measured
    /// says nothing about the program.
    pub fn expect_steady_machine(&self, limit: Duration) -> Result<(), Stop> {
        self.expect_steady_machine_since(self.began, limit)
    }

    /// The same since any moment.
    pub fn expect_steady_machine_since(&self, since: Instant, limit: Duration) -> Result<(), Stop> {
        let worst = self.stage.context.pulse.worst_since(since);
        if worst <= limit {
            return Ok(());
        }
        broken(format!(
            "this machine stood still for {} ms, too busy to be judged on; close what else is running and check again",
            worst.as_millis()
        ))
    }

    /// Lets a lifetime end: a time that a scenario is about, not one that it hopes to be long enough.
    pub async fn time_passes(&self, time: Duration) {
        self.note(format!("{} pass", crate::story::human(time)));
        tokio::time::sleep(time).await;
    }

    /// Waits until `condition` gives something, with a short interval and a long limit.
    pub async fn eventually<T, F>(&self, limit: Duration, mut condition: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Option<T>>,
    {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = condition().await {
                return Some(found);
            }
            if Instant::now() > deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What processes did that nobody asked for. The end of one may be known a moment after what came of it was seen.
    pub async fn mishaps(&self) -> Vec<String> {
        const MOMENT: Duration = Duration::from_millis(200);
        let processes = self.stage.processes().clone();
        join_all(processes.iter().map(|process| process.ended(MOMENT))).await;
        processes.iter().filter_map(Process::mishap).collect()
    }

    /// What explains a failure in the logs, up to when it was seen: of the process at fault, of those that came to harm, and
    /// of those that complained.
    pub fn last_words(&self, at_fault: Option<&str>, until: SystemTime) -> Vec<LastWords> {
        const LINES: usize = 6;
        const PROCESSES: usize = 2;
        let mut processes = self.stage.processes().clone();
        processes.reverse();
        let interest = |process: &Process| match process {
            _ if at_fault == Some(process.name()) => 3,
            _ if process.mishap().is_some() => 2,
            _ if process.is_the_programs() && process.has_complained(until) => 1,
            _ => 0,
        };
        processes.retain(|process| interest(process) > 0);
        processes.sort_by_key(|process| Reverse(interest(process)));
        processes.iter().take(PROCESSES).map(|process| process.last_words(LINES, until)).collect()
    }

    /// The processes that are alive, for somebody who wants to look at them.
    pub fn alive(&self) -> Vec<(String, i32)> {
        let processes = self.stage.processes();
        processes.iter().filter(|process| process.is_running()).map(|p| (p.name().to_owned(), p.pid())).collect()
    }

    /// Ends every process of this world.
    pub async fn close(&mut self) -> Result<(), Stop> {
        let processes = std::mem::take(&mut *self.stage.processes());
        for process in processes {
            process.kill().await?;
        }
        if let Some(database) = &self.database
            && let Ok(Some(text)) = database.copy_for_people().await
        {
            std::fs::write(self.folder().join("database.txt"), text).context("keeping what was in the database")?;
        }
        for lease in std::mem::take(&mut self.leases) {
            lease.end().await.context("emptying this world's part of Redis")?;
        }
        if let Some(database) = self.database.take()
            && let Some(server) = self.stage.context.mysql(self.fills_the_server).await?
        {
            server.forget(&database).await.context("dropping this world's database")?;
        }
        Ok(())
    }

    pub fn folder(&self) -> &std::path::Path {
        &self.stage.folder
    }
}
