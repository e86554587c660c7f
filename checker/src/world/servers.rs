//! What the stack `servers` is made of on this machine: each server from its URL in the environment, else a private one of a
//! local program, else what compose.yaml starts; else a sentence on what is missing.

use std::env;

use anyhow::{Context as _, bail};
use tokio::sync::OnceCell;

use super::{
    Context,
    mysql::{self, MySql},
};

/// The servers of a run.
pub struct Servers {
    mysql: MySql,
    /// For scenarios that fill it, where the other one is somebody's.
    own: OnceCell<MySql>,
}

const MISSING: &str = "the stack `servers` needs a MySQL or MariaDB: install one (`sudo apt install mariadb-server`, `brew \
                       install mariadb`), or name one in GOSSIP_MYSQL_URL, or start a container engine for compose.yaml";

impl Servers {
    pub(super) async fn find(context: &Context) -> anyhow::Result<Servers> {
        let mysql = match env::var(mysql::URL).ok().filter(|url| !url.is_empty()) {
            Some(url) => MySql::at(&url, mysql::URL, &context.run).await?,
            None => start(context, "mysql").await?,
        };
        Ok(Servers { mysql, own: OnceCell::new() })
    }

    pub fn mysql(&self) -> &MySql {
        &self.mysql
    }

    /// One that is nobody else's.
    pub(super) async fn own_mysql(&self, context: &Context) -> anyhow::Result<&MySql> {
        if self.mysql.is_private() {
            return Ok(&self.mysql);
        }
        let start = || async {
            start(context, "own-mysql")
                .await
                .context("this promise fills the database server, which is not done to somebody's")
        };
        self.own.get_or_try_init(start).await
    }
}

async fn start(context: &Context, name: &str) -> anyhow::Result<MySql> {
    match MySql::start(context, context.folder.join(name)).await? {
        Some(mysql) => Ok(mysql),
        None => bail!(MISSING),
    }
}
