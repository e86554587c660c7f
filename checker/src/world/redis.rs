//! A Redis of a world's own: nothing of it on disk, a link for each server that uses it, and its bad days: killed, frozen,
//! back and empty.

mod keys;
mod resp;
mod server;
mod shared;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, bail};
use tokio::time::{sleep, timeout};

pub use self::{
    keys::{Garbage, Holding, Others},
    shared::{Lease, Shared},
};
use self::{
    resp::{Client, Reply},
    server::Server,
};
use super::{
    Stage,
    process::{Process, Spec},
    proxy::Link,
};
use crate::{
    program::Program,
    story::Stop,
    tools::{PORTS, free_port},
};

/// Where no Redis is: a port that nobody listens on, so that a program which asks anyway is refused, and never writes into
/// whatever Redis this machine has.
pub const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A start takes 10 ms; a cold disk and a busy machine need patience.
const START_LIMIT: Duration = Duration::from_secs(20);
/// A reply to the checker takes less than a millisecond.
const REPLY_LIMIT: Duration = Duration::from_secs(20);

/// Where somebody's is, and how to get in.
pub const URL: &str = "GOSSIP_REDIS_URL";

/// The program that a private one is, if this machine has it.
pub fn program() -> Option<String> {
    server::installed().map(|program| program.display().to_string())
}

/// Finds the server that a Redis will be, or builds one; then no world waits for that.
pub async fn prepare() -> anyhow::Result<PathBuf> {
    Ok(Server::find().await?.program)
}

pub struct Redis {
    stage: Arc<Stage>,
    running: Mutex<Option<Running>>,
    /// Where it is somebody's: then it is neither started nor ended here, and nothing is looked for in it.
    lease: Option<Lease>,
    /// From each server that uses it.
    links: Mutex<Vec<Arc<Link>>>,
}

#[derive(Clone)]
struct Running {
    process: Process,
    address: SocketAddr,
}

impl Redis {
    /// One that has yet to start.
    pub(super) fn new(stage: Arc<Stage>) -> Redis {
        Redis { stage, running: Mutex::default(), lease: None, links: Mutex::default() }
    }

    /// Somebody's, which runs already.
    pub(super) fn of(lease: Lease, stage: Arc<Stage>) -> Redis {
        Redis { lease: Some(lease), ..Redis::new(stage) }
    }

    /// How a program is told where it is, whose way to it ends at this address.
    pub(super) fn url(&self, address: SocketAddr) -> String {
        self.lease.as_ref().map_or_else(|| format!("redis://{address}"), |lease| lease.url(address))
    }

    /// A way to it for one more server. It is cut while Redis is not there.
    pub(super) fn link(&self) -> Result<Arc<Link>, Stop> {
        let own = self.running().as_ref().map(|running| running.address);
        let address = own.or(self.lease.as_ref().map(Lease::address));
        let link = Arc::new(Link::to(address.unwrap_or(NOBODY))?);
        if address.is_none() {
            link.cut();
        }
        lock(&self.links).push(link.clone());
        Ok(link)
    }

    /// Starts, empty, where it was.
    pub async fn starts(&self) -> Result<(), Stop> {
        let moment = self.stage.timeline.begin("Redis is started, empty");
        let running = self.start().await?;
        for link in lock(&self.links).iter() {
            link.retarget(running.address);
            link.heal()?;
        }
        *self.running() = Some(running);
        moment.end("it answers");
        Ok(())
    }

    /// SIGKILL: connections break, and new ones are refused.
    pub async fn is_killed(&self) -> Result<(), Stop> {
        self.stage.timeline.note("Redis is killed (SIGKILL)");
        let running = self.running().take();
        if let Some(running) = running {
            running.process.kill().await?;
        }
        lock(&self.links).iter().for_each(|link| link.cut());
        Ok(())
    }

    /// SIGSTOP: it takes connections and commands, and says nothing.
    pub fn is_frozen(&self) {
        self.stage.timeline.note("Redis is frozen (SIGSTOP): it takes connections and says nothing");
        if let Some(running) = &*self.running() {
            running.process.freeze();
        }
    }

    /// SIGCONT.
    pub fn thaws(&self) {
        self.stage.timeline.note("Redis goes on (SIGCONT)");
        if let Some(running) = &*self.running() {
            running.process.thaw();
        }
    }

    /// It loses all that it holds, as when it was restarted, and keeps its connections.
    pub async fn is_emptied(&self) -> Result<(), Stop> {
        self.stage.timeline.note("Redis is emptied");
        self.ask(0, &["FLUSHALL"]).await?;
        Ok(())
    }

    /// It has lost all that was the site's, and has no room for anything new: it says so (OOM) to whoever writes. Says
    /// whether it can be filled: only Redis and Valkey keep to a limit of their memory.
    pub async fn is_full(&self) -> Result<bool, Stop> {
        let moment =
            self.stage.timeline.begin("Redis is emptied, and full: it takes nothing new (maxmemory, noeviction)");
        self.ask(0, &["FLUSHALL"]).await?;
        let is_limited = self.ask(0, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await.is_ok()
            && self.ask(0, &["CONFIG", "SET", "maxmemory", "1"]).await.is_ok();
        let is_full = is_limited && self.ask(0, &["SET", "full", "no"]).await.is_err();
        if is_full {
            moment.end("OOM");
        } else {
            self.has_room().await?;
            moment.end("this one takes everything: what a full Redis does was not looked at");
        }
        Ok(is_full)
    }

    /// It takes everything again, and is empty.
    pub async fn has_room(&self) -> Result<(), Stop> {
        self.stage.timeline.note("Redis has room");
        // One that knows no limit has none.
        let _ = self.ask(0, &["CONFIG", "SET", "maxmemory", "0"]).await;
        self.ask(0, &["FLUSHALL"]).await?;
        Ok(())
    }

    /// How long it usually takes to answer, past the links and with everything of the checker's in it.
    pub async fn takes(&self) -> Result<Duration, Stop> {
        const TIMES: usize = 201;
        let address = self.running().as_ref().map(|running| running.address).context("Redis is not running")?;
        let mut client = Client::connect(address).await.context("connecting to Redis")?;
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let began = Instant::now();
            client.ask(&["GET", "gossip"]).await?;
            times.push(began.elapsed());
        }
        times.sort();
        Ok(times[TIMES / 2])
    }

    /// Asks it past the links; `database` is what `SELECT` takes.
    async fn ask<W: AsRef<[u8]>>(&self, database: u32, words: &[W]) -> anyhow::Result<Reply> {
        let address = self.running().as_ref().map(|running| running.address).context("Redis is not running")?;
        let asking = async {
            let mut client = Client::connect(address).await?;
            if database > 0 {
                client.ask(&["SELECT", &database.to_string()]).await?;
            }
            client.ask(words).await
        };
        let reply = timeout(REPLY_LIMIT, asking).await.context("Redis does not answer the checker")?;
        match reply.context("asking Redis")? {
            Reply::Error(error) => bail!("Redis says {error} to the checker's {}", shown(words)),
            reply => Ok(reply),
        }
    }

    async fn start(&self) -> Result<Running, Stop> {
        let server = Server::find().await?;
        let mut last = None;
        for _ in 0..PORTS {
            match self.start_at(&server, free_port()?).await? {
                Ok(running) => return Ok(running),
                Err(why) => last = Some(why),
            }
        }
        Err(Stop::Broken(last.context("it was tried")?.context("Redis does not start")))
    }

    /// What came of starting it on this port.
    async fn start_at(&self, server: &Server, address: SocketAddr) -> Result<anyhow::Result<Running>, Stop> {
        let spec = Spec {
            name: "redis".to_owned(),
            role: "",
            settings: BTreeMap::new(),
            open_files: None,
            folder: self.stage.folder.clone(),
            run: self.stage.context.run.clone(),
        };
        let command = server.command(address.port());
        let program = Program { command, folder: None, label: spec.name.clone(), names: Vec::new() };
        let process = self.stage.spawn_program(&program, &spec)?;
        let answers = async {
            while process.is_running() {
                if is_at(address, &process).await {
                    return Ok(());
                }
                sleep(Duration::from_millis(2)).await;
            }
            bail!("it ended: {}", process.last_words(1, SystemTime::now()).lines.join(" "))
        };
        let answers = timeout(START_LIMIT, answers).await.context("it did not answer").flatten();
        if answers.is_err() {
            process.kill().await?;
        }
        Ok(answers.map(|()| Running { process, address }))
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        lock(&self.running)
    }
}

/// Whether it is this process that answers there: another world's may have taken the port.
async fn is_at(address: SocketAddr, process: &Process) -> bool {
    let Ok(mut client) = Client::connect(address).await else { return false };
    let about = client.ask(&["INFO", "server"]).await;
    let own = format!("process_id:{}", process.pid());
    matches!(about, Ok(Reply::Bytes(text)) if String::from_utf8_lossy(&text).lines().any(|line| line == own))
}

fn shown<W: AsRef<[u8]>>(words: &[W]) -> String {
    words.first().map(|word| String::from_utf8_lossy(word.as_ref()).into_owned()).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
