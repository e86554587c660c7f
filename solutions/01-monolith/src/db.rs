//! The database, opened anew for every request, as one did. Queries stand where they are used; what differs between
//! databases stands in `db/`: SQLite, or MySQL for who builds with the feature of that name.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(not(feature = "mysql"))]
mod sqlite;

use std::{
    ops::{Deref, DerefMut},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::Connection as _;

#[cfg(feature = "mysql")]
use self::mysql as dialect;
#[cfg(not(feature = "mysql"))]
use self::sqlite as dialect;
use crate::{config::Config, error::AppError};

pub use self::dialect::last_id;

/// Boxed, so that callers say `&mut *connection`, whatever hands the connection out.
pub type Connection = Box<dialect::Connection>;

const NOT_OPENED: &str = "opening the database: has the role `migrate` made it?";

pub struct Db {
    options: dialect::Options,
}

impl Db {
    /// Opens the database once, to learn at the start and not from the first user that there is none.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let options = dialect::options(config.database_url.expose_secret())?;
        dialect::Connection::connect_with(&options).await.context(NOT_OPENED)?.close().await?;
        Ok(Db { options })
    }

    /// A connection for one request; it is closed when it goes out of scope.
    pub async fn connect(&self) -> Result<Connection, AppError> {
        Ok(Box::new(dialect::Connection::connect_with(&self.options).await?))
    }

    /// A transaction that has its turn to write from its start. One that reads first and asks for it later can be
    /// refused in the middle of its work.
    pub async fn begin_write(&self) -> Result<WriteTransaction, AppError> {
        let mut connection = self.connect().await?;
        sqlx::raw_sql(dialect::BEGIN_WRITE).execute(&mut *connection).await?;
        dialect::take_turn(&mut connection).await?;
        Ok(WriteTransaction { connection })
    }
}

/// Derefs to its connection. Dropped without `commit`, it closes that connection, and has changed nothing.
pub struct WriteTransaction {
    connection: Connection,
}

impl WriteTransaction {
    pub async fn commit(mut self) -> Result<(), AppError> {
        sqlx::query("commit").execute(&mut *self.connection).await?;
        Ok(())
    }
}

impl Deref for WriteTransaction {
    type Target = dialect::Connection;

    fn deref(&self) -> &dialect::Connection {
        &self.connection
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut dialect::Connection {
        &mut self.connection
    }
}

/// Milliseconds since 1970. The database never tells the time: two of them would disagree on its type.
pub fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// The role `migrate`: makes the database if there is none, and applies what is new.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let opened = dialect::open_or_make(config.database_url.expose_secret()).await;
    let mut connection = opened.context("opening the database")?;
    dialect::MIGRATIONS.run(&mut connection).await.context("bringing the database up to date")?;
    connection.close().await?;
    Ok(())
}
