//! The database: few connections, opened once and shared by all requests. Queries stand where they are used; what
//! differs between databases stands in `db/`: SQLite, or MySQL for who builds with the feature of that name.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(not(feature = "mysql"))]
mod sqlite;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{
    Connection as _, Pool, Transaction,
    pool::{PoolConnection, PoolOptions},
};
use tokio::time::timeout;

#[cfg(feature = "mysql")]
use self::mysql as dialect;
#[cfg(not(feature = "mysql"))]
use self::sqlite as dialect;
use crate::{admission, config::Config, error::AppError};

pub use self::dialect::last_id;

type Database = <dialect::Connection as sqlx::Connection>::Database;

/// Goes back to the others when it goes out of scope. Nobody holds two: whoever waits for a second one with the first in
/// hand waits for people who do the same.
pub type Connection = PoolConnection<Database>;

/// Dropped without `commit`, it has changed nothing.
pub type WriteTransaction = Transaction<'static, Database>;

/// By how much the pools are more patient than any request: they must not be the first to give up.
const SPARE: Duration = Duration::from_secs(30);

/// How long a connection that comes back may take to say that it is well; it takes less than a millisecond.
const ANSWER: Duration = Duration::from_secs(1);

const NOT_OPENED: &str = "opening the database: has the role `migrate` made it?";

pub struct Db {
    /// Whoever reads takes one of these; if all are taken, in order of arrival.
    readers: Pool<Database>,
    /// One connection, since SQLite has one write lock. Writers wait for it here, where the first come is the first
    /// served: inside the database luck would decide, and each would keep a connection from the readers. (A server like
    /// MySQL locks rows, and a busier site would give its writers a few.)
    writer: Pool<Database>,
}

impl Db {
    /// All connections are opened now: in a rush, the file descriptors may have gone to the sockets.
    pub async fn open(config: &Config) -> anyhow::Result<Db> {
        let options = dialect::options(config.database_url.expose_secret())?;
        let pool = |size| {
            PoolOptions::new()
                .min_connections(size)
                .max_connections(size)
                .idle_timeout(None)
                .max_lifetime(None)
                // Every wait is bounded by its request's patience.
                .acquire_timeout(config.queue_deadline * 2 + SPARE)
                .after_release(|connection, _| Box::pin(async move { Ok(is_well(connection).await) }))
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

    /// A transaction that has its turn to write from its start. One that reads first and asks for it later can be
    /// refused in the middle of its work.
    pub async fn begin_write(&self) -> Result<WriteTransaction, AppError> {
        let begin = async {
            let mut tx = self.writer.begin_with(dialect::BEGIN_WRITE).await?;
            dialect::take_turn(&mut tx).await?;
            Ok::<_, AppError>(tx)
        };
        // If patience ends here while the database waits for somebody else, sqlx undoes the `begin` that nobody wants.
        admission::wait_for(begin).await?
    }
}

/// Whether a connection that comes back is of use to the next one. Who leaves in the middle of a statement can leave one to
/// MySQL that waits for words which never come; then it is closed, and another one opened.
async fn is_well(connection: &mut dialect::Connection) -> bool {
    !cfg!(feature = "mysql") || timeout(ANSWER, connection.ping()).await.is_ok_and(|pinged| pinged.is_ok())
}

/// Whether this only says that somebody else was first, for too long.
pub fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        error => error.as_database_error().is_some_and(dialect::is_locked),
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
