//! What the stack `servers` is made of on this machine: each server from its URL in the environment, else a private one of a
//! local program, else what compose.yaml starts; else a sentence on what is missing.

mod compose;

use std::{env, fmt};

use anyhow::{Context as _, bail};
use tokio::sync::OnceCell;

use super::{
    Context,
    database::Database,
    mysql::{self, MySql},
    redis::{self, Shared},
};

/// The servers of a run.
pub struct Servers {
    mysql: MySql,
    /// For scenarios that fill it, where the other one is somebody's.
    own_mysql: OnceCell<MySql>,
    /// None where each scenario starts one.
    redis: OnceCell<Option<Shared>>,
}

/// Where a server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The URL, and the variable that holds it.
    Url { variable: &'static str, url: String },
    /// A program of this machine, started for each check.
    Program { program: String },
    /// A container engine.
    Compose { engine: &'static str },
}

/// What a check on the stack `servers` would take, in words, or what is missing; nothing is started.
pub async fn plan() -> anyhow::Result<[(&'static str, Source); 2]> {
    Ok([("database", mysql_source().await?), ("cache", redis_source().await?)])
}

async fn mysql_source() -> anyhow::Result<Source> {
    let program = mysql::program().await?;
    let missing = "the stack `servers` needs a MySQL or MariaDB: install one (`sudo apt install mariadb-server`, `brew \
                   install mariadb`), or name one in GOSSIP_MYSQL_URL, or start a container engine for compose.yaml";
    source(mysql::URL, program, missing).await
}

async fn redis_source() -> anyhow::Result<Source> {
    let missing = "the stack `servers` needs a Redis: install one (`sudo apt install redis-server`, `brew install \
                   redis`), or name one in GOSSIP_REDIS_URL, or start a container engine for compose.yaml";
    source(redis::URL, redis::program(), missing).await
}

async fn source(variable: &'static str, program: Option<String>, missing: &str) -> anyhow::Result<Source> {
    if let Some(url) = env::var(variable).ok().filter(|url| !url.is_empty()) {
        return Ok(Source::Url { variable, url });
    }
    if let Some(program) = program {
        return Ok(Source::Program { program });
    }
    match compose::engine().await {
        Some(engine) => Ok(Source::Compose { engine }),
        None => bail!("{missing}"),
    }
}

impl Servers {
    pub(super) async fn find(context: &Context) -> anyhow::Result<Servers> {
        let mysql = match mysql_source().await? {
            Source::Url { variable, url } => MySql::at(&url, variable, &context.run).await?,
            Source::Program { .. } => MySql::start(context, context.folder.join("mysql")).await?,
            Source::Compose { engine } => {
                compose::start(engine, "mysql").await?;
                MySql::at(compose::MYSQL, "compose.yaml", &context.run).await?
            }
        };
        Ok(Servers { mysql, own_mysql: OnceCell::new(), redis: OnceCell::new() })
    }

    /// What they are, for a report; a Redis of a scenario's own is not told.
    pub fn about(&self) -> Vec<String> {
        let redis = self.redis.get().and_then(Option::as_ref).map(|shared| shared.about.clone());
        [self.mysql.about.clone()].into_iter().chain(redis).collect()
    }

    /// Somebody's Redis, where that is what there is.
    pub(super) async fn redis(&self) -> anyhow::Result<Option<&Shared>> {
        let find = || async {
            anyhow::Ok(match redis_source().await? {
                Source::Url { variable, url } => Some(Shared::at(&url, variable).await?),
                Source::Program { .. } => None,
                Source::Compose { engine } => {
                    compose::start(engine, "redis").await?;
                    Some(Shared::at(compose::REDIS, "compose.yaml").await?)
                }
            })
        };
        Ok(self.redis.get_or_try_init(find).await?.as_ref())
    }

    /// Leaves somebody's server as it was.
    pub async fn end(&self) -> anyhow::Result<()> {
        self.mysql.forget_template().await
    }

    /// A database in the MySQL, which nobody has made yet.
    pub async fn new_database(&self) -> anyhow::Result<Database> {
        self.mysql.database().await
    }

    /// Where the MySQL is, for an account that may do everything there.
    pub fn mysql_url(&self) -> String {
        self.mysql.url()
    }

    pub(super) fn mysql(&self) -> &MySql {
        &self.mysql
    }

    /// One that is nobody else's.
    pub(super) async fn own_mysql(&self, context: &Context) -> anyhow::Result<&MySql> {
        if self.mysql.is_private() {
            return Ok(&self.mysql);
        }
        let start = || async {
            let started = MySql::start(context, context.folder.join("own-mysql")).await;
            started.context("this promise takes all connections of a server, which is not done to somebody's")
        };
        self.own_mysql.get_or_try_init(start).await
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The URL may hold a password.
            Source::Url { variable, .. } => write!(f, "what {variable} names"),
            Source::Program { program } => write!(f, "{program}, started for each check"),
            Source::Compose { engine } => write!(f, "compose.yaml, by {engine}"),
        }
    }
}
