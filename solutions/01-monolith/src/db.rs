//! The database, opened anew for every request, as one did. Queries stand where they are used; what differs between
//! databases stands here.

use std::{
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, Sqlite, SqliteConnection, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::config::Config;

pub type Driver = Sqlite;

/// Boxed, so that callers say `&mut *connection`, whatever hands the connection out.
pub type Connection = Box<SqliteConnection>;

/// How long a writer waits for the one before it. SQLite has one write lock; with less patience a burst would be errors.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Db {
    options: SqliteConnectOptions,
}

impl Db {
    pub fn new(config: &Config) -> anyhow::Result<Db> {
        let options = SqliteConnectOptions::from_str(config.database_url.expose_secret())
            .context("DATABASE_URL is not the address of a SQLite file, such as sqlite:gossip.db")?
            // Readers go on while somebody writes.
            .journal_mode(SqliteJournalMode::Wal)
            // A commit survives the death of this process; a power cut may take the last ones. `Full` would sync each.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        Ok(Db { options })
    }

    /// A connection for one request; it is closed when it goes out of scope.
    pub async fn connect(&self) -> sqlx::Result<Connection> {
        SqliteConnection::connect_with(&self.options).await.map(Box::new)
    }
}

/// A transaction that takes the write lock at once. One that reads first and asks for the lock later can be refused in
/// the middle of its work.
pub async fn begin_write(connection: &mut SqliteConnection) -> sqlx::Result<Transaction<'_, Driver>> {
    connection.begin_with("begin immediate").await
}

/// Milliseconds since 1970. The database never tells the time: two of them would disagree on its type.
pub fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// The role `migrate`: makes the database if there is none, and applies what is new.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let options = Db::new(config)?.options.create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.context("opening the database")?;
    sqlx::migrate!("migrations/sqlite").run(&mut connection).await.context("bringing the database up to date")?;
    connection.close().await?;
    Ok(())
}
