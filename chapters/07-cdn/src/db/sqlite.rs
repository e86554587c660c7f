//! SQLite, a file: what it has in a way of its own, under the names that every database here has for it.

use std::{str::FromStr, time::Duration};

use anyhow::Context;
use sqlx::{
    Connection as _,
    error::DatabaseError,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteQueryResult, SqliteSynchronous},
};

pub type Connection = sqlx::SqliteConnection;
pub type Options = SqliteConnectOptions;

pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a writer waits for the one before it. SQLite has one write lock; with less patience a burst would be errors.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Takes the write lock; whoever else has it is waited for.
pub const BEGIN_WRITE: &str = "begin immediate";

pub fn options(url: &str) -> anyhow::Result<Options> {
    let options = SqliteConnectOptions::from_str(url)
        .context("DATABASE_URL is not the address of a SQLite file, such as sqlite:gossip.db")?
        // Readers go on while somebody writes.
        .journal_mode(SqliteJournalMode::Wal)
        // A commit survives the death of this process; a power cut may take the last ones. `Full` would sync each.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    Ok(options)
}

/// A connection to the database, which is made if there is none.
pub async fn open_or_make(url: &str) -> anyhow::Result<Connection> {
    Ok(Connection::connect_with(&options(url)?.create_if_missing(true)).await?)
}

/// `BEGIN_WRITE` has taken it.
pub async fn take_turn(_: &mut Connection) -> sqlx::Result<()> {
    Ok(())
}

/// The id that the database gave to the row just inserted.
pub fn last_id(done: &SqliteQueryResult) -> i64 {
    done.last_insert_rowid()
}

/// Whether a lock was waited for in vain.
pub fn is_locked(error: &dyn DatabaseError) -> bool {
    // SQLITE_BUSY; its variants, such as SQLITE_BUSY_RECOVERY, keep it in the lowest byte.
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}
