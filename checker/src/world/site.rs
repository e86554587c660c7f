//! The era's system: its servers as real processes, each behind a link of its own.

mod builder;
mod deploys;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, stream::FuturesUnordered};

pub use self::builder::SiteBuilder;
use super::{
    Stage, World,
    database::Database,
    process::{Process, Spec, describe},
    proxy::Link,
    redis::Redis,
    timeline::Timeline,
};
use crate::story::{Failure, Stop, failed, human};

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
        if let (Some(redis), Some(link)) = (redis, &to_redis) {
            spec.settings.insert("REDIS_URL".to_owned(), redis.url(link.address()).into());
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
