//! The database: few connections, opened once and shared by all requests. Queries stand where they are used; what
//! differs between databases stands here.

use std::{
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteQueryResult, SqliteSynchronous},
};

use crate::{admission, config::Config, error::AppError};

/// Goes back to the others when it goes out of scope. Nobody holds two: whoever waits for a second one with the first in
/// hand waits for people who do the same.
pub type Connection = PoolConnection<Sqlite>;

/// Dropped without `commit`, it has changed nothing.
pub type WriteTransaction = Transaction<'static, Sqlite>;

/// How long SQLite waits for the write lock when another process has it. Requests lose their patience sooner.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

const NOT_OPENED: &str = "opening the database: has the role `migrate` made it?";

pub struct Db {
    /// Whoever reads takes one of these; if all are taken, in order of arrival.
    readers: SqlitePool,
    /// One connection, since SQLite has one write lock. Writers wait for it here, where the first come is the first
    /// served: inside SQLite all would poll, luck would decide, and each would keep a connection from the readers. (A
    /// server like MySQL locks rows; there, readers and writers share one pool.)
    writer: SqlitePool,
}

impl Db {
    /// All connections are opened now: in a rush, the file descriptors may have gone to the sockets.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let options = options(config)?;
        let pool = |size| {
            SqlitePoolOptions::new()
                .min_connections(size)
                .max_connections(size)
                .idle_timeout(None)
                .max_lifetime(None)
                // Every wait is bounded by its request's patience; the pool must not be the first to give up.
                .acquire_timeout(config.queue_deadline * 2 + BUSY_TIMEOUT)
                .connect_with(options.clone())
        };
        let readers = pool(config.db_connections.get()).await.context(NOT_OPENED)?;
        let writer = pool(1).await.context(NOT_OPENED)?;
        Ok(Db { readers, writer })
    }

    /// A connection to read with.
    pub async fn connect(&self) -> Result<Connection, AppError> {
        Ok(admission::wait_for(self.readers.acquire()).await??)
    }

    /// A transaction that has the write lock from its start. One that reads first and asks for the lock later can be
    /// refused in the middle of its work.
    pub async fn begin_write(&self) -> Result<WriteTransaction, AppError> {
        // If patience ends here while SQLite waits for another process, sqlx undoes the `begin` that nobody wants.
        Ok(admission::wait_for(self.writer.begin_with("begin immediate")).await??)
    }
}

/// Whether this only says that somebody else was first, for too long.
pub fn is_busy(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY; its variants, such as SQLITE_BUSY_RECOVERY, keep it in the lowest byte.
    let locked = |code: &str| code.parse::<i32>().is_ok_and(|code| code & 0xff == 5);
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| locked(&code)),
        _ => false,
    }
}

/// The id that the database gave to the row just inserted.
pub fn last_id(done: &SqliteQueryResult) -> i64 {
    done.last_insert_rowid()
}

/// Milliseconds since 1970. The database never tells the time: two of them would disagree on its type.
pub fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

/// The role `migrate`: makes the database if there is none, and applies what is new.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let options = options(config)?.create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.context("opening the database")?;
    sqlx::migrate!("migrations/sqlite").run(&mut connection).await.context("bringing the database up to date")?;
    connection.close().await?;
    Ok(())
}

fn options(config: &Config) -> anyhow::Result<SqliteConnectOptions> {
    let options = SqliteConnectOptions::from_str(config.database_url.expose_secret())
        .context("DATABASE_URL is not the address of a SQLite file, such as sqlite:gossip.db")?
        // Readers go on while somebody writes.
        .journal_mode(SqliteJournalMode::Wal)
        // A commit survives the death of this process; a power cut may take the last ones. `Full` would sync each.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    Ok(options)
}
