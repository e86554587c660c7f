//! What an index costs: every new row is written into it as well.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sqlx::Connection as _;

use super::{
    World,
    database::{Database, contract},
    plan::Plan,
    query,
    table::{BEGAN, NOW, Size},
};
use crate::story::{Stop, failed};

/// Of SQLite, and of each page in its log, with what stands before it.
const PAGE: u64 = 4096 + 24;
const POSTS: u32 = 1000;

/// What it took to publish a thousand posts.
pub struct Written {
    pub bytes: u64,
    pub took: Duration,
}

impl Written {
    pub fn pages_per_post(&self) -> f64 {
        self.bytes as f64 / PAGE as f64 / f64::from(POSTS)
    }
}

impl World {
    /// Pages that a new post writes, in a table without and with what the migrations have built on it.
    pub async fn pages_written_per_post(&self) -> Result<(f64, f64), Stop> {
        let bare = self.table_before(Size::Small, "bare.db").await?;
        let built = self.copy_of_table(Size::Small, "built.db").await?;
        let moment =
            self.timeline().begin(format!("{POSTS} posts, by as many users, into the same table without and with"));
        let (bare, built) = (bare.takes_posts().await?.pages_per_post(), built.takes_posts().await?.pages_per_post());
        moment.end(format!("{bare:.1} and {built:.1} pages written for each"));
        Ok((bare, built))
    }

    /// A thousand posts by as many users, into a copy of the whole table as the migrations left it.
    pub async fn writes_a_thousand_posts(&self) -> Result<Written, Stop> {
        self.copy_of_table(Size::Whole, "written.db").await?.takes_posts().await
    }

    /// Without any one of the indexes on posts, some query of the site would read or sort more.
    pub async fn expect_every_index_needed(&self, why: &str) -> Result<(), Stop> {
        let table = self.copy_of_table(Size::Small, "needed.db").await?;
        let indexes = table.indexes("posts").await?;
        self.note(format!(
            "on posts there are {}",
            if indexes.is_empty() { "no indexes".to_owned() } else { indexes.join(", ") }
        ));
        let with_all = table.plans(&query::all(), None).await?;
        for index in indexes {
            let without = table.plans(&query::all(), Some(&index)).await?;
            let is_worse = |(with, without): (&Plan, &Plan)| {
                (without.scans() && !with.scans()) || (without.sorts() && !with.sorts())
            };
            if !with_all.iter().zip(&without).any(is_worse) {
                let saw = format!("without {index} each is answered as well");
                return failed("each index on posts is needed by a query of the site", saw, why);
            }
        }
        Ok(())
    }
}

impl Database {
    /// Of all indexes that somebody made on a table.
    async fn indexes(&self, table: &str) -> Result<Vec<String>, Stop> {
        let mut connection = self.sqlite().await?;
        let sql =
            "select name from sqlite_master where type = 'index' and tbl_name = ? and sql is not null order by name";
        contract(sqlx::query_scalar(sql).bind(table).fetch_all(&mut connection).await)
    }

    /// How it would go about these queries, without one of its indexes.
    async fn plans(&self, queries: &[String], without: Option<&str>) -> Result<Vec<Plan>, Stop> {
        let mut connection = self.sqlite().await?;
        let mut tx = connection.begin_with("begin immediate").await?;
        if let Some(index) = without {
            let drop = format!("drop index \"{}\"", index.replace('"', "\"\""));
            contract(sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut *tx).await)?;
        }
        let mut plans = Vec::new();
        for sql in queries {
            let explain = sqlx::AssertSqlSafe(Plan::of(sql));
            plans.push(Plan::read(&contract(sqlx::query(explain).fetch_all(&mut *tx).await)?)?);
        }
        tx.rollback().await?;
        Ok(plans)
    }

    /// One transaction for each post, as people publish. What SQLite writes for it is in its log.
    async fn takes_posts(&self) -> Result<Written, Stop> {
        let mut connection = self.sqlite().await?;
        for setting in ["pragma journal_mode = wal", "pragma wal_autocheckpoint = 0", "pragma synchronous = off"] {
            sqlx::query(setting).fetch_all(&mut connection).await?;
        }
        let began = Instant::now();
        for post in 0..i64::from(POSTS) {
            let sql = "insert into posts (user_id, tag, content, created_at) values (?, ?, ?, ?)";
            let insert =
                sqlx::query(sql).bind(43 + post * 7919 % 960).bind(if post % 3 == 0 { "town" } else { "gossip" });
            let insert =
                insert.bind(format!("Did you hear number {post}?")).bind(NOW + (NOW - BEGAN) / 1_000_000 * post);
            contract(insert.execute(&mut connection).await)?;
        }
        let took = began.elapsed();
        let mut log = self.file()?.as_os_str().to_owned();
        log.push("-wal");
        Ok(Written { bytes: fs::metadata(&log).context("looking at SQLite's log")?.len(), took })
    }
}
