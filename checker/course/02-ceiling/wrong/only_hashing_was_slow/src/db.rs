//! The database, opened anew for every request, as one did. Queries stand where they are used; what differs between
//! databases stands here.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteQueryResult, SqliteSynchronous},
};

use crate::{config::Config, error::AppError};

/// Boxed, so that callers say `&mut *connection`, whatever hands the connection out.
pub type Connection = Box<SqliteConnection>;

/// How long a writer waits for the one before it. SQLite has one write lock; with less patience a burst would be errors.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

const NOT_OPENED: &str = "opening the database: has the role `migrate` made it?";

pub struct Db {
    options: SqliteConnectOptions,
}

impl Db {
    /// Opens the database once, to learn at the start and not from the first user that there is none.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let options = options(config)?;
        SqliteConnection::connect_with(&options).await.context(NOT_OPENED)?.close().await?;
        Ok(Db { options })
    }

    /// A connection for one request; it is closed when it goes out of scope.
    pub async fn connect(&self) -> Result<Connection, AppError> {
        Ok(Box::new(SqliteConnection::connect_with(&self.options).await?))
    }

    /// A transaction that has the write lock from its start. One that reads first and asks for the lock later can be
    /// refused in the middle of its work.
    pub async fn begin_write(&self) -> Result<WriteTransaction, AppError> {
        let mut connection = self.connect().await?;
        sqlx::query("begin immediate").execute(&mut *connection).await?;
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
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

/// Whether this only says that somebody else was first, for too long.
pub fn is_busy(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY; its variants, such as SQLITE_BUSY_RECOVERY, keep it in the lowest byte.
    let locked = |code: &str| code.parse::<i32>().is_ok_and(|code| code & 0xff == 5);
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| locked(&code))
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
