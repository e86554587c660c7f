//! The site's database as the checker sees it: reads what is kept, adds rows, holds the write lock.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::{
    Connection as _, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::story::{Stop, failed};

/// A SQLite file that the role `migrate` has made, or a copy of one.
#[derive(Clone, Debug)]
pub struct Database {
    file: PathBuf,
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
    connection: SqliteConnection,
}

impl Database {
    pub fn at(file: PathBuf) -> Database {
        Database { file }
    }

    /// A copy of a database that nobody is using.
    pub fn copy_of(template: &Path, file: PathBuf) -> anyhow::Result<Database> {
        std::fs::copy(template, &file).with_context(|| format!("copying the database to {}", file.display()))?;
        Ok(Database { file })
    }

    pub fn url(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(super) async fn connect(&self) -> sqlx::Result<SqliteConnection> {
        let options = SqliteConnectOptions::new().filename(&self.file).busy_timeout(std::time::Duration::from_secs(30));
        SqliteConnection::connect_with(&options).await
    }

    /// Writes what is in the write-ahead log into the file itself, so that the file alone can be copied.
    pub async fn settle(&self) -> Result<(), Stop> {
        let options = SqliteConnectOptions::new().filename(&self.file).journal_mode(SqliteJournalMode::Wal);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Everything published, as it is kept, in order of id.
    pub async fn posts(&self) -> Result<Vec<StoredPost>, Stop> {
        let mut connection = self.connect().await?;
        let sql = "select posts.id, users.name as author, tag, content, posts.created_at
                   from posts join users on users.id = posts.user_id order by posts.id";
        contract(sqlx::query_as(sql).fetch_all(&mut connection).await)
    }

    pub async fn count(&self, table: &str) -> Result<u64, Stop> {
        let mut connection = self.connect().await?;
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from \"{}\"", table.replace('"', "\"\"")));
        let count: i64 = contract(sqlx::query_scalar(sql).fetch_one(&mut connection).await)?;
        Ok(count.unsigned_abs())
    }

    pub async fn user_id(&self, name: &str) -> Result<i64, Stop> {
        let mut connection = self.connect().await?;
        let id = sqlx::query_scalar("select id from users where name = ?").bind(name).fetch_one(&mut connection).await;
        contract(id)
    }

    pub async fn password_hash(&self, name: &str) -> Result<String, Stop> {
        let mut connection = self.connect().await?;
        let sql = "select password_hash from users where name = ?";
        contract(sqlx::query_scalar(sql).bind(name).fetch_one(&mut connection).await)
    }

    /// Adds posts of a user, a millisecond apart, the last one newest, and ends now.
    pub async fn add_posts(&self, user: i64, contents: &[String]) -> Result<(), Stop> {
        let mut connection = self.connect().await?;
        let mut tx = connection.begin_with("begin immediate").await?;
        let now = now();
        for (index, content) in contents.iter().enumerate() {
            let age = i64::try_from(contents.len() - index)?;
            let sql = "insert into posts (user_id, tag, content, created_at) values (?, 'gossip', ?, ?)";
            contract(sqlx::query(sql).bind(user).bind(content).bind(now - age).execute(&mut *tx).await)?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Adds a post of a user that is a day old.
    pub async fn add_yesterdays(&self, author: &str, content: &str) -> Result<(), Stop> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let author = self.user_id(author).await?;
        let mut connection = self.connect().await?;
        let sql = "insert into posts (user_id, tag, content, created_at) values (?, 'gossip', ?, ?)";
        contract(sqlx::query(sql).bind(author).bind(content).bind(now() - DAY).execute(&mut connection).await)?;
        Ok(())
    }

    /// Adds a post of a user with this tag, whatever it is.
    pub async fn add_tagged(&self, author: &str, tag: &str, content: &str) -> Result<(), Stop> {
        let author = self.user_id(author).await?;
        let mut connection = self.connect().await?;
        let sql = "insert into posts (user_id, tag, content, created_at) values (?, ?, ?, ?)";
        let insert = sqlx::query(sql).bind(author).bind(tag).bind(content).bind(now());
        contract(insert.execute(&mut connection).await)?;
        Ok(())
    }

    /// Adds posts of a user that are all of the same millisecond, later than any other.
    pub async fn add_twins(&self, author: &str, contents: &[String]) -> Result<(), Stop> {
        let author = self.user_id(author).await?;
        let mut connection = self.connect().await?;
        let mut tx = connection.begin_with("begin immediate").await?;
        let last: i64 = contract(sqlx::query_scalar("select max(created_at) from posts").fetch_one(&mut *tx).await)?;
        for content in contents {
            let sql = "insert into posts (user_id, tag, content, created_at) values (?, 'gossip', ?, ?)";
            contract(sqlx::query(sql).bind(author).bind(content).bind(last + 1).execute(&mut *tx).await)?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Runs a statement of the checker's own, with text arguments.
    pub async fn execute(&self, sql: &'static str, arguments: &[&str]) -> Result<u64, Stop> {
        let mut connection = self.connect().await?;
        let mut query = sqlx::query(sql);
        for argument in arguments {
            query = query.bind(*argument);
        }
        Ok(contract(query.execute(&mut connection).await)?.rows_affected())
    }

    /// Runs statements of the checker's own in one transaction.
    pub(super) async fn execute_all(&self, statements: &[(String, &[&str])]) -> Result<(), Stop> {
        let mut connection = self.connect().await?;
        let mut tx = connection.begin_with("begin immediate").await?;
        for (sql, arguments) in statements {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
            for argument in *arguments {
                query = query.bind(*argument);
            }
            contract(query.execute(&mut *tx).await)?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How many users, gossips and likes there are.
    pub async fn counts(&self) -> Result<[u64; 3], Stop> {
        Ok([self.count("users").await?, self.count("posts").await?, self.count("likes").await?])
    }

    /// The newest gossip: its id and its text.
    pub async fn newest(&self) -> Result<(i64, String), Stop> {
        let mut connection = self.connect().await?;
        let sql = "select id, content from posts order by created_at desc, id desc limit 1";
        contract(sqlx::query_as(sql).fetch_one(&mut connection).await)
    }

    /// How many people like the gossip with this text.
    pub async fn likes_of(&self, content: &str) -> Result<u64, Stop> {
        let mut connection = self.connect().await?;
        let sql = "select count(*) from likes where post_id = (select max(id) from posts where content = ?)";
        let likes: i64 = contract(sqlx::query_scalar(sql).bind(content).fetch_one(&mut connection).await)?;
        Ok(likes.unsigned_abs())
    }

    /// The tables, as the migrations left them.
    pub async fn tables(&self) -> Result<Vec<String>, Stop> {
        let mut connection = self.connect().await?;
        let sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
                   and name <> '_sqlx_migrations' order by name";
        contract(sqlx::query_scalar(sql).fetch_all(&mut connection).await)
    }

    /// Every value in every table that can be read as text, with the table's name: what a thief of the file has.
    pub async fn everything(&self) -> Result<Vec<(String, String)>, Stop> {
        let mut connection = self.connect().await?;
        let mut found = Vec::new();
        for table in self.tables().await? {
            let sql = sqlx::AssertSqlSafe(format!("select * from \"{}\"", table.replace('"', "\"\"")));
            let rows = contract(sqlx::query(sql).fetch_all(&mut connection).await)?;
            for row in rows {
                for column in 0..row.len() {
                    if let Ok(text) = row.try_get_unchecked::<String, _>(column) {
                        found.push((table.clone(), text));
                    } else if let Ok(bytes) = row.try_get_unchecked::<Vec<u8>, _>(column) {
                        found.push((table.clone(), bytes.iter().map(|byte| format!("{byte:02x}")).collect()));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Takes the write lock: from now on everybody's writes wait.
    pub async fn lock_writes(&self) -> Result<WriteLock, Stop> {
        let mut connection = self.connect().await?;
        sqlx::query("begin immediate").execute(&mut connection).await?;
        Ok(WriteLock { connection })
    }
}

impl WriteLock {
    pub async fn release(mut self) -> Result<(), Stop> {
        sqlx::query("rollback").execute(&mut self.connection).await?;
        self.connection.close().await?;
        Ok(())
    }
}

/// A table or column of the contract that is not there is the program's fault, anything else is not.
pub(super) fn contract<T>(result: sqlx::Result<T>) -> Result<T, Stop> {
    match result {
        Ok(value) => Ok(value),
        Err(sqlx::Error::Database(error)) if error.message().contains("no such") => failed(
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

fn now() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
