//! How a database says that it goes about a query, and how much it does for it. All that is SQLite's about that is here: it
//! says its plan in lines, and what it does are the steps of its machine, of which reading a row is some. MySQL says `type`,
//! `key`, `rows` and `Extra`, and counts rows (Handler_read_*); the questions to a plan would be the same.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// What EXPLAIN QUERY PLAN said.
#[derive(Clone, Debug)]
pub struct Plan {
    lines: Vec<String>,
}

/// Counts what is done on one connection from now on.
pub(super) struct Steps {
    done: Arc<AtomicU64>,
}

impl Plan {
    /// The query whose rows are a plan.
    pub(super) fn of(sql: &str) -> String {
        format!("explain query plan {sql}")
    }

    pub(super) fn read(rows: &[SqliteRow]) -> sqlx::Result<Plan> {
        Ok(Plan { lines: rows.iter().map(|row| row.try_get("detail")).collect::<sqlx::Result<_>>()? })
    }

    /// As it was said, in one line.
    pub fn text(&self) -> String {
        self.lines.join("; ")
    }

    /// All rows of a table are read, or of an index on it.
    pub fn scans(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("SCAN"))
    }

    pub fn sorts(&self) -> bool {
        self.lines.iter().any(|line| line.contains("TEMP B-TREE"))
    }

    /// The indexes that are used.
    pub fn indexes(&self) -> Vec<&str> {
        let after_index = self.lines.iter().filter_map(|line| line.split_once("INDEX "));
        after_index.filter_map(|(_, name)| name.split_whitespace().next()).collect()
    }
}

impl Steps {
    /// What SQLITE_STMTSTATUS_VM_STEP would say of each statement, summed up.
    pub async fn of(connection: &mut SqliteConnection) -> sqlx::Result<Steps> {
        let done = Arc::new(AtomicU64::new(0));
        let counting = done.clone();
        connection.lock_handle().await?.set_progress_handler(1, move || {
            counting.fetch_add(1, Ordering::Relaxed);
            true
        });
        Ok(Steps { done })
    }

    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(lines: &[&str]) -> Plan {
        Plan { lines: lines.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn a_plan_says_what_is_read_and_in_which_order() {
        let all = plan(&["SCAN posts", "USE TEMP B-TREE FOR ORDER BY"]);
        assert!(all.scans() && all.sorts() && all.indexes().is_empty());
        let some = plan(&["SEARCH posts USING INDEX posts_user (user_id=?)"]);
        assert!(!some.scans() && !some.sorts());
        assert_eq!(some.indexes(), ["posts_user"]);
        let covered = plan(&["SCAN posts USING COVERING INDEX everything"]);
        assert!(covered.scans(), "all of an index is all of the table");
        assert_eq!(covered.indexes(), ["everything"]);
    }
}
