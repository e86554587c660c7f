//! MySQL or MariaDB, a server: what it has in a way of its own, under the names that every database here has for it.

use std::str::FromStr;

use anyhow::{Context, ensure};
use sqlx::{
    Connection as _, MySql,
    error::DatabaseError,
    migrate::{MigrateDatabase, Migrator},
    mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlQueryResult},
};

pub type Connection = sqlx::MySqlConnection;
pub type Options = MySqlConnectOptions;

pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/mysql");

/// No transaction here reads twice. The stricter default locks the gaps between rows as well, and two who insert there can
/// wait for each other.
pub const BEGIN_WRITE: &str = "set session transaction isolation level read committed; begin";

pub fn options(url: &str) -> anyhow::Result<Options> {
    const EXAMPLE: &str = "such as mysql://user:password@127.0.0.1:3306/gossip";
    let options = MySqlConnectOptions::from_str(url)
        .with_context(|| format!("DATABASE_URL is not the address of a MySQL database, {EXAMPLE}"))?;
    ensure!(options.get_database().is_some(), "DATABASE_URL names no database, {EXAMPLE}");
    Ok(options)
}

/// A connection to the database, which is made if there is none.
pub async fn open_or_make(url: &str) -> anyhow::Result<Connection> {
    let options = options(url)?;
    if !MySql::database_exists(url).await? {
        MySql::create_database(url).await?;
    }
    Ok(Connection::connect_with(&options).await?)
}

/// Waits here for whoever has locked the tables, where a wait can be given up with nothing done: MySQL takes a lock when a
/// statement needs it, in the middle of a transaction. A row that is not there keeps nobody else out. (Not a prepared
/// statement: to prepare it waits as well, and sqlx cannot give that up half-way.)
pub async fn take_turn(connection: &mut Connection) -> sqlx::Result<()> {
    sqlx::raw_sql("select id from posts where id = 0 for update").execute(connection).await?;
    Ok(())
}

/// The id that the database gave to the row just inserted.
pub fn last_id(done: &MySqlQueryResult) -> i64 {
    // As it was asked for: the column is signed.
    done.last_insert_id().cast_signed()
}

/// Whether a lock was waited for in vain.
pub fn is_locked(error: &dyn DatabaseError) -> bool {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    // ER_LOCK_WAIT_TIMEOUT; ER_LOCK_DEADLOCK, where each of two waits for the other and one is sent away.
    matches!(number, Some(1205 | 1213))
}
