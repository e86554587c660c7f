//! The era's system: its servers as real processes, each behind a link of its own.

mod deploys;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, stream::FuturesUnordered};

use super::{
    Stage, World,
    database::Database,
    process::{Process, Spec, describe},
    proxy::Link,
    redis::{NOBODY, Redis},
    table::Size,
    timeline::Timeline,
};
use crate::story::{Failure, Stop, failed, human};

/// What a scenario wants to stand before its users come.
pub struct SiteBuilder<'w> {
    world: &'w mut World,
    apps: usize,
    upstreams: Option<Vec<SocketAddr>>,
    balancer: bool,
    redis: Option<Neighbour>,
    pub(super) table: Option<Size>,
    settings: BTreeMap<String, OsString>,
    open_files: Option<u64>,
    places: Option<Places>,
}

/// Where the door listens (0), and the servers behind it (1, 2, …).
type Places = fn(usize) -> SocketAddr;

/// Whether a neighbour is there when the site starts.
#[derive(PartialEq)]
enum Neighbour {
    Running,
    Away,
}

pub struct Site {
    pub database: Database,
    pub apps: Vec<Server>,
    pub balancer: Option<Server>,
    redis: Option<Redis>,
    /// What its servers were started with.
    spec: Spec,
}

/// A process that serves, and the link that leads to it. Its address stays when the process dies and another comes.
pub struct Server {
    pub link: Link,
    /// From it to Redis, where there is one.
    to_redis: Option<Arc<Link>>,
    spec: Spec,
    process: Mutex<Process>,
    own_address: Mutex<SocketAddr>,
    stage: Arc<Stage>,
}

impl<'w> SiteBuilder<'w> {
    pub(super) fn new(world: &'w mut World) -> SiteBuilder<'w> {
        SiteBuilder {
            world,
            apps: 1,
            upstreams: None,
            balancer: false,
            redis: None,
            table: None,
            settings: BTreeMap::new(),
            open_files: None,
            places: None,
        }
    }

    /// Where its processes listen: the one that its users ask (0), and those behind it (1, 2, …). Any free port unless said.
    pub fn listens_at(self, places: Places) -> Self {
        SiteBuilder { places: Some(places), ..self }
    }

    /// How many processes of role `app`; one unless said.
    pub fn apps(self, apps: usize) -> Self {
        SiteBuilder { apps, ..self }
    }

    /// With a process of role `balancer` in front of the apps.
    pub fn balancer(self) -> Self {
        SiteBuilder { balancer: true, ..self }
    }

    /// No apps: a balancer in front of servers of the checker's own.
    pub fn balancer_over(self, upstreams: impl IntoIterator<Item = SocketAddr>) -> Self {
        SiteBuilder { apps: 0, balancer: true, upstreams: Some(upstreams.into_iter().collect()), ..self }
    }

    /// With a Redis of its own, and a link from each server to it.
    pub fn redis(self) -> Self {
        SiteBuilder { redis: Some(Neighbour::Running), ..self }
    }

    /// With a Redis that is not there yet.
    pub fn redis_that_is_away(self) -> Self {
        SiteBuilder { redis: Some(Neighbour::Away), ..self }
    }

    /// A setting of every process.
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// How many files and sockets each process may have open (RLIMIT_NOFILE).
    pub fn open_files(self, limit: u64) -> Self {
        SiteBuilder { open_files: Some(limit), ..self }
    }

    /// Starts everything, and waits until it is ready.
    pub async fn start(self) -> Result<Site, Stop> {
        let database = self.world.database_over(self.table).await?;
        let mut settings = BTreeMap::from([
            ("LISTEN_ADDR".to_owned(), OsString::from("127.0.0.1:0")),
            ("DATABASE_URL".to_owned(), database.url().into()),
            // Whatever this machine has there by default is not ours.
            ("REDIS_URL".to_owned(), format!("redis://{NOBODY}").into()),
        ]);
        settings.extend(self.settings);
        let spec = Spec {
            name: String::new(),
            role: "app",
            settings,
            open_files: self.open_files,
            folder: self.world.stage.folder.clone(),
            run: self.world.stage.context.run.clone(),
        };
        let stage = &self.world.stage;
        let redis = self.redis.as_ref().map(|_| Redis::new(stage.clone()));
        if let Some(redis) = redis.as_ref().filter(|_| self.redis == Some(Neighbour::Running)) {
            redis.starts().await?;
        }
        let placed = |mut spec: Spec, place: usize| {
            if let Some(places) = self.places {
                spec.settings.insert("LISTEN_ADDR".to_owned(), places(place).to_string().into());
            }
            spec
        };
        let mut starting = Vec::new();
        for number in 1..=self.apps {
            let name = if self.apps == 1 { "the server".to_owned() } else { format!("server {number}") };
            let place = if self.balancer { number } else { 0 };
            let spec = placed(Spec { name, ..spec.clone() }, place);
            starting.push(Server::start_app(stage, spec, redis.as_ref()));
        }
        let apps = futures_util::future::try_join_all(starting).await?;
        let balancer = if self.balancer {
            let upstreams = self.upstreams.unwrap_or_else(|| apps.iter().map(Server::address).collect());
            let upstreams = upstreams.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let mut spec = placed(Spec { name: "the balancer".to_owned(), role: "balancer", ..spec.clone() }, 0);
            spec.settings.insert("UPSTREAMS".to_owned(), upstreams.into());
            Some(Server::start(stage, spec).await?)
        } else {
            None
        };
        Ok(Site { database, apps, balancer, redis, spec })
    }
}

impl Site {
    /// Where its users knock: the balancer, or the only server.
    pub fn door(&self) -> &Server {
        // A site is started with one of them.
        self.balancer.as_ref().or(self.apps.first()).expect("a site has a balancer or an app")
    }

    pub fn app(&self, index: usize) -> &Server {
        &self.apps[index]
    }

    pub fn redis(&self) -> &Redis {
        // Whoever asks for it has started the site with it.
        self.redis.as_ref().expect("the site has a Redis")
    }

    /// One more server.
    pub async fn is_joined(&self, world: &World) -> Result<Server, Stop> {
        let spec = Spec { name: format!("server {}", self.apps.len() + 1), ..self.spec.clone() };
        world.note(format!("{} is added", spec.name));
        Server::start_app(&world.stage, spec, self.redis.as_ref()).await
    }

    /// Its processes, each as it ends.
    pub fn ends(&self) -> impl Stream<Item = &Server> {
        let servers = self.apps.iter().chain(&self.balancer);
        let ends = servers.map(|server| async move {
            server.process().ended(Duration::MAX).await;
            server
        });
        ends.collect::<FuturesUnordered<_>>()
    }

    /// All its processes die at once, and are started again as they were: what only they knew is gone.
    pub async fn is_killed_and_restarted(&self) -> Result<(), Stop> {
        for server in self.apps.iter().chain(&self.balancer) {
            server.is_killed().await?;
        }
        for server in self.apps.iter().chain(&self.balancer) {
            server.starts_again().await?;
        }
        Ok(())
    }
}

impl Server {
    pub(super) async fn start(stage: &Arc<Stage>, spec: Spec) -> Result<Server, Stop> {
        let (process, own_address) = stage.start(&spec).await?;
        let link = Link::to(own_address)?;
        Ok(Server {
            link,
            to_redis: None,
            spec,
            process: Mutex::new(process),
            own_address: Mutex::new(own_address),
            stage: stage.clone(),
        })
    }

    /// A server of the site, with a link of its own to each neighbour.
    async fn start_app(stage: &Arc<Stage>, mut spec: Spec, redis: Option<&Redis>) -> Result<Server, Stop> {
        let to_redis = redis.map(Redis::link).transpose()?;
        if let Some(link) = &to_redis {
            spec.settings.insert("REDIS_URL".to_owned(), format!("redis://{}", link.address()).into());
        }
        Ok(Server { to_redis, ..Server::start(stage, spec).await? })
    }

    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Its way to Redis.
    pub fn to_redis(&self) -> &Link {
        // Whoever asks for it has started the site with one.
        self.to_redis.as_ref().expect("the site has a Redis")
    }

    /// Where its users, or the balancer, reach it: the near end of its link.
    pub fn address(&self) -> SocketAddr {
        self.link.address()
    }

    /// Where the process itself listens, past the link: for load, where the link would be measured too.
    pub fn own_address(&self) -> SocketAddr {
        *self.own_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn timeline(&self) -> &Timeline {
        &self.stage.timeline
    }

    pub(super) fn stage(&self) -> &Stage {
        &self.stage
    }

    pub fn process(&self) -> Process {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// SIGKILL. Its address refuses connections until it is started again.
    pub async fn is_killed(&self) -> Result<(), Stop> {
        self.stage.timeline.note(format!("{} is killed (SIGKILL)", self.name()));
        self.process().kill().await?;
        // A link would still accept for the dead; a port that nobody listens on refuses.
        self.link.cut();
        Ok(())
    }

    /// SIGSTOP: its connections stay open and nothing is answered.
    pub fn is_frozen(&self) {
        self.stage.timeline.note(format!("{} is frozen (SIGSTOP)", self.name()));
        self.process().freeze();
    }

    /// SIGCONT.
    pub fn thaws(&self) {
        self.stage.timeline.note(format!("{} goes on (SIGCONT)", self.name()));
        self.process().thaw();
    }

    /// SIGTERM, and nothing more.
    pub fn is_told_to_stop(&self) {
        self.stage.timeline.note(format!("{} is asked to stop (SIGTERM)", self.name()));
        self.process().terminate();
    }

    /// Waits for the end that it was asked for.
    pub async fn expect_stopped(&self, limit: Duration, why: &str) -> Result<(), Stop> {
        let moment = self.stage.timeline.begin(format!("{} stops", self.name()));
        let expected = format!("it finishes what is under way and ends with exit code 0 within {}", human(limit));
        let failure = |saw: String| Stop::Failed(Failure::new(expected, saw, why).of(self.name()));
        match self.process().ended(limit).await {
            Some(status) if status.success() => {
                moment.end("exit code 0");
                Ok(())
            }
            Some(status) => {
                moment.end(describe(status));
                Err(failure(describe(status)))
            }
            None => {
                moment.end(format!("still running after {}", human(limit)));
                Err(failure(format!("it was still running {} after SIGTERM", human(limit))))
            }
        }
    }

    /// Waits for its end, whatever is still under way.
    pub async fn expect_ended(&self, limit: Duration, why: &str) -> Result<(), Stop> {
        let moment = self.stage.timeline.begin(format!("{} ends", self.name()));
        match self.process().ended(limit).await {
            Some(status) => {
                moment.end(describe(status));
                Ok(())
            }
            None => {
                let saw = format!("still running after {}", human(limit));
                moment.end(saw.clone());
                failed("the process ends", saw, why)
            }
        }
    }

    /// A new process with the same settings, behind the same address.
    pub async fn starts_again(&self) -> Result<(), Stop> {
        let moment = self.stage.timeline.begin(format!("{} is started again", self.name()));
        let (process, address) = self.stage.start(&self.spec).await?;
        self.link.retarget(address);
        self.link.heal()?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = process;
        *self.own_address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        moment.end("ready");
        Ok(())
    }
}
