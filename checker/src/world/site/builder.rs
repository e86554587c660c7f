//! What a scenario wants to stand before its users come, and starting it.

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr};

use super::{Server, Site};
use crate::{
    story::Stop,
    world::{
        World,
        process::Spec,
        redis::{NOBODY, Redis},
        table::Size,
    },
};

/// What a scenario wants to stand before its users come.
pub struct SiteBuilder<'w> {
    world: &'w mut World,
    apps: usize,
    upstreams: Option<Vec<SocketAddr>>,
    balancer: bool,
    redis: Option<Neighbour>,
    shares_redis: bool,
    pub(in crate::world) table: Option<Size>,
    settings: BTreeMap<String, OsString>,
    open_files: Option<u64>,
    few_connections: bool,
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

impl<'w> SiteBuilder<'w> {
    pub(in crate::world) fn new(world: &'w mut World) -> SiteBuilder<'w> {
        SiteBuilder {
            world,
            apps: 1,
            upstreams: None,
            balancer: false,
            redis: None,
            shares_redis: false,
            table: None,
            settings: BTreeMap::new(),
            open_files: None,
            few_connections: false,
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

    /// Nothing is done to its Redis, and nothing looked for in there: it may be somebody's.
    pub fn shares_redis(self) -> Self {
        SiteBuilder { shares_redis: true, ..self }
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

    /// Where the database is a server, it has as many connections for us as servers have unless somebody says otherwise,
    /// and nobody else needs any: they may all be taken.
    pub fn few_connections(self) -> Self {
        SiteBuilder { few_connections: true, ..self }
    }

    /// Starts everything, and waits until it is ready.
    pub async fn start(self) -> Result<Site, Stop> {
        self.world.fills_the_server |= self.few_connections;
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
        let redis = match self.redis {
            Some(Neighbour::Running) => Some(self.world.running_redis(self.shares_redis).await?),
            Some(Neighbour::Away) => Some(Redis::new(self.world.stage.clone())),
            None => None,
        };
        let stage = &self.world.stage;
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
