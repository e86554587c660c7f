//! A database that is there and cannot answer: its tables have other names for a while.

use super::database::{Database, quoted};
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
        let mut connection = self.begin().await?;
        for (from, to) in names {
            connection.command(&format!("alter table {} rename to {}", quoted(&from), quoted(&to))).await?;
        }
        Ok(connection.commit().await?)
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
