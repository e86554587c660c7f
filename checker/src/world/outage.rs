//! A database that is there and cannot answer: its tables have other names for a while.

use sqlx::Connection as _;

use super::database::Database;
use crate::story::{Stop, broken};

/// While this is held, every query of the program's fails.
pub struct LostTables {
    database: Database,
    tables: Vec<String>,
}

impl Database {
    /// From now on every statement fails that names a table.
    pub async fn loses_its_tables(&self) -> Result<LostTables, Stop> {
        let tables = self.tables().await?;
        if tables.is_empty() {
            return broken("the database has tables");
        }
        self.rename(tables.iter().map(|table| (table.clone(), lost(table)))).await?;
        Ok(LostTables { database: self.clone(), tables })
    }

    async fn rename(&self, names: impl Iterator<Item = (String, String)>) -> Result<(), Stop> {
        let mut connection = self.connect().await?;
        let mut tx = connection.begin_with("begin immediate").await?;
        for (from, to) in names {
            let sql = format!("alter table {} rename to {}", name(&from), name(&to));
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl LostTables {
    /// Gives the tables their names back.
    pub async fn heal(self) -> Result<(), Stop> {
        self.database.rename(self.tables.iter().map(|table| (lost(table), table.clone()))).await
    }
}

fn lost(table: &str) -> String {
    format!("lost_{table}")
}

fn name(table: &str) -> String {
    format!("\"{}\"", table.replace('"', "\"\""))
}
