//! How many rows each table has, whatever tables there are.

use std::{collections::BTreeMap, time::Duration};

use super::{World, database::Database};
use crate::story::{Stop, failed};

/// By table.
pub struct Rows {
    tables: BTreeMap<String, u64>,
}

impl Database {
    pub async fn rows(&self) -> Result<Rows, Stop> {
        let mut tables = BTreeMap::new();
        for table in self.tables().await? {
            let rows = self.count(&table).await?;
            tables.insert(table, rows);
        }
        Ok(Rows { tables })
    }

    /// Waits until the tables that had grown have no more rows than before.
    pub async fn expect_shrinks_to(
        &self,
        world: &World,
        before: &Rows,
        grown: &Rows,
        limit: Duration,
        why: &str,
    ) -> Result<(), Stop> {
        let moment = world.timeline().begin("the rows of what is over are gone");
        let has_shrunk = || async {
            let now = self.rows().await.ok()?;
            grown.tables.keys().all(|table| now.of(table) <= before.of(table)).then_some(())
        };
        if world.eventually(limit, has_shrunk).await.is_some() {
            moment.end("as many rows as before");
            return Ok(());
        }
        let now = self.rows().await?;
        let saw: Vec<_> = grown.tables.keys().map(|table| format!("{table}: {} rows", now.of(table))).collect();
        let expected: Vec<_> = grown.tables.keys().map(|table| format!("{table}: {} rows", before.of(table))).collect();
        moment.end(saw.join(", "));
        failed(expected.join(", "), saw.join(", "), why)
    }
}

impl Rows {
    fn of(&self, table: &str) -> u64 {
        self.tables.get(table).copied().unwrap_or(0)
    }

    /// How many more each table has than before, where it has more.
    pub fn grown_since(&self, before: &Rows) -> Rows {
        let more = |(table, rows): (&String, &u64)| {
            let more = rows.saturating_sub(before.of(table));
            (more > 0).then(|| (table.clone(), more))
        };
        Rows { tables: self.tables.iter().filter_map(more).collect() }
    }

    pub fn total(&self) -> u64 {
        self.tables.values().sum()
    }
}
