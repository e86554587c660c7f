//! The site's database as the checker sees it: reads what is kept, adds rows, holds the write lock. It is a SQLite file or
//! a database in a MySQL; what that means stands in `connection` and `place`, and nowhere else.

mod connection;
mod place;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use sqlx::{ConnectOptions, SqliteConnection, error::DatabaseError, sqlite::SqliteConnectOptions};

pub use self::connection::Value;
pub(super) use self::connection::{Connection, quoted};
use self::place::Place;
pub use self::place::Schema;
use crate::story::{Stop, failed};

/// A database that the role `migrate` has made or is to make, or a copy of one.
#[derive(Clone, Debug)]
pub struct Database {
    place: Place,
}

/// A post as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredPost {
    pub id: i64,
    pub author: String,
    pub tag: String,
    pub content: String,
    pub created_at: i64,
}

/// While this is held, nobody else writes; readers go on.
pub struct WriteLock {
    connection: Connection,
    unlock: &'static str,
}

pub(super) const NEWEST_POST: &str = "select id, content from posts order by created_at desc, id desc limit 1";

const INSERT_POST: &str = "insert into posts (user_id, tag, content, created_at) values (?, ?, ?, ?)";
const TAG: &str = "gossip";

impl Database {
    /// A SQLite file, there or not.
    pub fn at(file: PathBuf) -> Database {
        Database { place: Place::File(file) }
    }

    /// A database in a server, there or not.
    pub fn of(schema: Schema) -> Database {
        Database { place: Place::Server(Arc::new(schema)) }
    }

    /// The one in a server, where it is one.
    pub(super) fn in_server(&self) -> Option<&Schema> {
        match &self.place {
            Place::File(_) => None,
            Place::Server(schema) => Some(schema),
        }
    }

    /// A copy of a SQLite file that nobody is using.
    pub fn copy_of(template: &Path, file: PathBuf) -> anyhow::Result<Database> {
        std::fs::copy(template, &file).with_context(|| format!("copying the database to {}", file.display()))?;
        Ok(Database::at(file))
    }

    /// The SQLite file that it is.
    pub fn file(&self) -> anyhow::Result<&Path> {
        match &self.place {
            Place::File(file) => Ok(file),
            Place::Server(_) => bail!("this is asked of SQLite, and the database is in a server"),
        }
    }

    /// A connection to the SQLite file that it is, for who asks in SQLite's own words.
    pub(super) async fn sqlite(&self) -> anyhow::Result<SqliteConnection> {
        let options = SqliteConnectOptions::new().filename(self.file()?).busy_timeout(Duration::from_secs(30));
        Ok(options.connect().await?)
    }

    /// What program and checker know it by.
    pub fn url(&self) -> String {
        self.place.url()
    }

    /// What it is, in a sentence.
    pub fn kind(&self) -> &'static str {
        match &self.place {
            Place::File(_) => "file",
            Place::Server(_) => "database",
        }
    }

    /// Where somebody can look into it.
    pub fn shown(&self) -> String {
        self.place.shown()
    }

    pub(super) async fn connect(&self) -> sqlx::Result<Connection> {
        self.place.connect().await
    }

    /// A connection that has begun to write; `commit` keeps it.
    pub(super) async fn begin(&self) -> sqlx::Result<Connection> {
        let mut connection = self.connect().await?;
        connection.command(self.place.begin_write()).await?;
        Ok(connection)
    }

    /// Whether the role `migrate` has made it.
    pub async fn is_there(&self) -> sqlx::Result<bool> {
        self.place.is_there().await
    }

    /// Nobody uses it any more: afterwards it can be copied.
    pub async fn settle(&self) -> Result<(), Stop> {
        Ok(self.place.settle().await?)
    }

    /// Makes this a copy of a database that nobody is using.
    pub async fn copy_from(&self, template: &Database) -> anyhow::Result<()> {
        self.place.copy_from(&template.place).await
    }

    /// Everything published, as it is kept, in order of id.
    pub async fn posts(&self) -> Result<Vec<StoredPost>, Stop> {
        let sql = "select posts.id, users.name as author, tag, content, posts.created_at
                   from posts join users on users.id = posts.user_id order by posts.id";
        contract(self.connect().await?.rows(sql, &[]).await)
    }

    pub async fn count(&self, table: &str) -> Result<u64, Stop> {
        let sql = format!("select count(*) from {}", quoted(table));
        let (count,): (i64,) = contract(self.connect().await?.row(&sql, &[]).await)?;
        Ok(count.unsigned_abs())
    }

    pub async fn user_id(&self, name: &str) -> Result<i64, Stop> {
        let sql = "select id from users where name = ?";
        let (id,) = contract(self.connect().await?.row(sql, &[name.into()]).await)?;
        Ok(id)
    }

    pub async fn password_hash(&self, name: &str) -> Result<String, Stop> {
        let sql = "select password_hash from users where name = ?";
        let (hash,) = contract(self.connect().await?.row(sql, &[name.into()]).await)?;
        Ok(hash)
    }

    /// Adds posts of a user, a millisecond apart, the last one newest, and ends now.
    pub async fn add_posts(&self, user: i64, contents: &[String]) -> Result<(), Stop> {
        let mut connection = self.begin().await?;
        let now = now();
        for (index, content) in contents.iter().enumerate() {
            let age = i64::try_from(contents.len() - index)?;
            let post = [user.into(), TAG.into(), content.into(), (now - age).into()];
            contract(connection.execute(INSERT_POST, &post).await)?;
        }
        Ok(connection.commit().await?)
    }

    /// Adds a post of a user that is a day old.
    pub async fn add_yesterdays(&self, author: &str, content: &str) -> Result<(), Stop> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        self.add_post(author, TAG, content, now() - DAY).await
    }

    /// Adds a post of a user with this tag, whatever it is.
    pub async fn add_tagged(&self, author: &str, tag: &str, content: &str) -> Result<(), Stop> {
        self.add_post(author, tag, content, now()).await
    }

    async fn add_post(&self, author: &str, tag: &str, content: &str, at: i64) -> Result<(), Stop> {
        let post = [self.user_id(author).await?.into(), tag.into(), content.into(), at.into()];
        contract(self.connect().await?.execute(INSERT_POST, &post).await)?;
        Ok(())
    }

    /// Adds posts of a user that are all of the same millisecond, later than any other.
    pub async fn add_twins(&self, author: &str, contents: &[String]) -> Result<(), Stop> {
        let author = self.user_id(author).await?;
        let mut connection = self.begin().await?;
        let (last,): (i64,) = contract(connection.row("select max(created_at) from posts", &[]).await)?;
        for content in contents {
            let post = [author.into(), TAG.into(), content.into(), (last + 1).into()];
            contract(connection.execute(INSERT_POST, &post).await)?;
        }
        Ok(connection.commit().await?)
    }

    /// Runs a statement of the checker's own.
    pub async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Stop> {
        contract(self.connect().await?.execute(sql, values).await)
    }

    /// How many users, gossips and likes there are.
    pub async fn counts(&self) -> Result<[u64; 3], Stop> {
        Ok([self.count("users").await?, self.count("posts").await?, self.count("likes").await?])
    }

    /// The newest gossip: its id and its text.
    pub async fn newest(&self) -> Result<(i64, String), Stop> {
        contract(self.connect().await?.row(NEWEST_POST, &[]).await)
    }

    /// How many people like the gossip with this text.
    pub async fn likes_of(&self, content: &str) -> Result<u64, Stop> {
        let sql = "select count(*) from likes where post_id = (select max(id) from posts where content = ?)";
        let (likes,): (i64,) = contract(self.connect().await?.row(sql, &[content.into()]).await)?;
        Ok(likes.unsigned_abs())
    }

    /// The tables, as the migrations left them.
    pub async fn tables(&self) -> Result<Vec<String>, Stop> {
        let tables: Vec<(String,)> = contract(self.connect().await?.rows(self.place.tables(), &[]).await)?;
        Ok(tables.into_iter().map(|(table,)| table).collect())
    }

    /// Every value in every table that can be read as text, with the table's name: what a thief of the database has.
    pub async fn everything(&self) -> Result<Vec<(String, String)>, Stop> {
        let mut connection = self.connect().await?;
        let mut found = Vec::new();
        for table in self.tables().await? {
            let rows = contract(connection.texts(&table).await)?;
            found.extend(rows.into_iter().flatten().map(|value| (table.clone(), value)));
        }
        Ok(found)
    }

    /// What is in it, for somebody who looks at it when it is gone. A file stays, and needs no copy.
    pub(super) async fn copy_for_people(&self) -> Result<Option<String>, Stop> {
        if let Place::File(_) = self.place {
            return Ok(None);
        }
        let mut connection = self.connect().await?;
        let mut text = String::new();
        for table in self.tables().await? {
            text.push_str(&format!("{table}\n"));
            for row in contract(connection.texts(&table).await)? {
                text.push_str(&format!("    {}\n", row.join(" | ")));
            }
        }
        Ok(Some(text))
    }

    /// From now on everybody's writes wait.
    pub async fn lock_writes(&self) -> Result<WriteLock, Stop> {
        let tables = self.tables().await?;
        let mut connection = self.connect().await?;
        connection.command(&self.place.lock_writes(&tables)).await?;
        Ok(WriteLock { connection, unlock: self.place.unlock_writes() })
    }
}

impl WriteLock {
    pub async fn release(mut self) -> Result<(), Stop> {
        self.connection.command(self.unlock).await?;
        self.connection.close().await?;
        Ok(())
    }
}

/// A table or column of the contract that is not there is the program's fault, anything else is not.
pub(super) fn contract<T>(result: sqlx::Result<T>) -> Result<T, Stop> {
    match result {
        Ok(value) => Ok(value),
        Err(sqlx::Error::Database(error)) if is_missing(&*error) => failed(
            "the tables users(id, name, password_hash, created_at) and posts(id, user_id, tag, content, created_at)",
            format!("the database that role migrate made says: {}", error.message()),
            "What others rely on is gone: those tables are the contract.",
        ),
        Err(sqlx::Error::RowNotFound) => failed(
            "the row is in the database",
            "it is not there",
            "What was answered as done was not kept where it is looked for.",
        ),
        Err(error) => Err(Stop::Broken(anyhow::Error::new(error).context("asking the site's database"))),
    }
}

/// SQLite says so in words, MySQL by SQLSTATE: no such table, no such column.
fn is_missing(error: &dyn DatabaseError) -> bool {
    error.message().contains("no such") || matches!(error.code().as_deref(), Some("42S02" | "42S22"))
}

pub(super) fn now() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
