//! The database: connections that are used again, and another one when none is left. Queries stand where they are used;
//! what differs between databases stands here.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteQueryResult, SqliteSynchronous},
};

use crate::{admission, config::Config, error::AppError};

/// Goes back to the others when it goes out of scope.
pub struct Connection {
    /// Taken when it is dropped.
    connection: Option<SqliteConnection>,
    idle: Idle,
}

type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

/// Dropped without `commit`, it has changed nothing.
pub struct WriteTransaction {
    connection: Connection,
    committed: bool,
}

/// How long SQLite waits for the write lock when another process has it. Requests lose their patience sooner.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

const NOT_OPENED: &str = "opening the database: has the role `migrate` made it?";

pub struct Db {
    options: SqliteConnectOptions,
    /// Those that nobody uses at the moment.
    idle: Idle,
}

impl Db {
    /// Opens the database once, to learn at the start and not from the first user that there is none.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let options = options(config)?;
        let first = SqliteConnection::connect_with(&options).await.context(NOT_OPENED)?;
        Ok(Db { options, idle: Arc::new(Mutex::new(vec![first])) })
    }

    /// One that was used before, if there is one.
    pub async fn connect(&self) -> Result<Connection, AppError> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.options).await?,
        };
        Ok(Connection { connection: Some(connection), idle: self.idle.clone() })
    }

    /// A transaction that has the write lock from its start. One that reads first and asks for the lock later can be
    /// refused in the middle of its work.
    pub async fn begin_write(&self) -> Result<WriteTransaction, AppError> {
        // Not committed until it has begun: dropped while it waits, the connection is closed.
        let mut tx = WriteTransaction { connection: self.connect().await?, committed: false };
        admission::wait_for(sqlx::query("begin immediate").execute(&mut *tx)).await??;
        Ok(tx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.idle).extend(self.connection.take());
    }
}

impl Deref for Connection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("it is taken in drop only")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("it is taken in drop only")
    }
}

impl WriteTransaction {
    pub async fn commit(mut self) -> Result<(), AppError> {
        sqlx::query("commit").execute(&mut *self).await?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        if !self.committed {
            // Closing it undoes what it has begun.
            self.connection.connection = None;
        }
    }
}

impl Deref for WriteTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.connection.as_ref().expect("it is taken in drop only")
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.connection.as_mut().expect("it is taken in drop only")
    }
}

fn lock(idle: &Idle) -> MutexGuard<'_, Vec<SqliteConnection>> {
    // Every change is a single call on the list, so a panic elsewhere leaves it whole.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
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
