//! Where a database is, and what differs there: how one connects, copies it, and keeps others from writing.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use sqlx::{
    ConnectOptions, Connection as _,
    mysql::MySqlConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{Connection, quoted};

#[derive(Clone, Debug)]
pub enum Place {
    File(PathBuf),
    Server(Arc<Schema>),
}

/// A database in a MySQL.
#[derive(Debug)]
pub struct Schema {
    pub name: String,
    /// As the program gets it, with an account that may do what it likes in there.
    pub url: String,
    /// The checker's own way to the server.
    pub admin: MySqlConnectOptions,
}

impl Place {
    pub fn url(&self) -> String {
        match self {
            Place::File(file) => format!("sqlite:{}", file.display()),
            Place::Server(schema) => schema.url.clone(),
        }
    }

    pub fn shown(&self) -> String {
        match self {
            Place::File(file) => crate::run::from_root(file).display().to_string(),
            Place::Server(schema) => schema.url.clone(),
        }
    }

    pub async fn connect(&self) -> sqlx::Result<Connection> {
        match self {
            Place::File(file) => {
                let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(30));
                Ok(Connection::File(options.connect().await?))
            }
            Place::Server(schema) => schema.connect(&schema.name).await,
        }
    }

    /// The statement with which a transaction begins that writes.
    pub fn begin_write(&self) -> &'static str {
        match self {
            Place::File(_) => "begin immediate",
            Place::Server(_) => "begin",
        }
    }

    /// The statement after which everybody's writes wait, and reads do not. In MySQL it is what a backup does that wants
    /// all tables as they are at one moment: writes wait at their first statement, for as long as it takes. (`flush
    /// tables with read lock` would do it to everybody else's databases, too; locked rows end in a timeout of the
    /// server's.)
    pub fn lock_writes(&self, tables: &[String]) -> String {
        match self {
            Place::File(_) => "begin immediate".to_owned(),
            Place::Server(_) => {
                let tables: Vec<_> = tables.iter().map(|table| format!("{} read", quoted(table))).collect();
                format!("lock tables {}", tables.join(", "))
            }
        }
    }

    /// The statement that ends it.
    pub fn unlock_writes(&self) -> &'static str {
        match self {
            Place::File(_) => "rollback",
            Place::Server(_) => "unlock tables",
        }
    }

    /// The query for the names of all tables but that of the migrations.
    pub fn tables(&self) -> &'static str {
        match self {
            Place::File(_) => {
                "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
                 and name <> '_sqlx_migrations' order by name"
            }
            Place::Server(_) => {
                "select table_name from information_schema.tables where table_schema = database()
                 and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations' order by table_name"
            }
        }
    }

    /// Whether there is one.
    pub async fn is_there(&self) -> sqlx::Result<bool> {
        match self {
            Place::File(file) => Ok(file.is_file()),
            Place::Server(schema) => {
                let mut connection = schema.connect("information_schema").await?;
                let sql = "select count(*) from schemata where schema_name = ?";
                let (there,): (i64,) = connection.row(sql, &[(&schema.name).into()]).await?;
                Ok(there > 0)
            }
        }
    }

    /// Nobody uses it any more: afterwards it can be copied.
    pub async fn settle(&self) -> sqlx::Result<()> {
        if let Place::File(file) = self {
            // What is in the write-ahead log goes into the file itself.
            let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
            let mut connection = options.connect().await?;
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Makes this a copy of a database that nobody is using.
    pub async fn copy_from(&self, template: &Place) -> anyhow::Result<()> {
        match (template, self) {
            (Place::File(template), Place::File(file)) => {
                std::fs::copy(template, file).with_context(|| format!("copying the database to {}", file.display()))?;
            }
            (Place::Server(template), Place::Server(schema)) => schema.copy_from(template).await?,
            (Place::File(_), Place::Server(_)) | (Place::Server(_), Place::File(_)) => {
                anyhow::bail!("a database is copied to where it is")
            }
        }
        Ok(())
    }
}

impl Schema {
    async fn connect(&self, database: &str) -> sqlx::Result<Connection> {
        let mut connection = Connection::Server(self.admin.clone().database(database).connect().await?);
        // As everywhere else: double quotes are around names.
        connection.command("set sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')").await?;
        Ok(connection)
    }

    /// Tables as their own statements make them, with foreign keys, and the rows in them.
    async fn copy_from(&self, template: &Schema) -> anyhow::Result<()> {
        let mut connection = template.connect(&template.name).await?;
        let tables: Vec<(String,)> = connection.rows(EVERY_TABLE, &[]).await?;
        let mut made = Vec::new();
        for (table,) in &tables {
            let sql = format!("show create table {}", quoted(table));
            let (_, sql): (String, String) = connection.row(&sql, &[]).await.context("asking how a table is made")?;
            made.push(sql);
        }
        connection.command(&format!("create database {}", quoted(&self.name))).await.context("making a database")?;
        connection.command(&format!("use {}", quoted(&self.name))).await?;
        // In whatever order they come.
        connection.command("set foreign_key_checks = 0").await?;
        for ((table,), sql) in tables.iter().zip(made) {
            connection.command(&sql).await.with_context(|| format!("copying the table {table}"))?;
            let (name, from) = (quoted(table), quoted(&template.name));
            let rows = format!("insert into {name} select * from {from}.{name}");
            connection.command(&rows).await.with_context(|| format!("copying the rows of {table}"))?;
        }
        connection.close().await?;
        Ok(())
    }
}

const EVERY_TABLE: &str = "select table_name from information_schema.tables where table_schema = database()
                           and table_type = 'BASE TABLE' order by table_name";
