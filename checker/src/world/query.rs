//! The queries that the brief states, asked by the checker itself: how the database goes about them, and how much it reads.

use std::time::{Duration, Instant};

use sqlx::{Row, Sqlite, query::Query as Statement, sqlite::SqliteArguments};

use super::{
    database::{Database, contract},
    plan::{Plan, Steps},
};
use crate::story::Stop;

/// Whose posts a list has.
#[derive(Clone, Debug)]
pub enum Of {
    User(i64),
    Tag(String),
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Which {
    All,
    /// The first page.
    Newest,
    /// The page after a post of the middle.
    Older,
}

/// What came of a query.
#[derive(Clone, Debug)]
pub struct Reading {
    pub plan: Plan,
    /// What the database did for it.
    pub steps: u64,
    pub found: u64,
    /// Rows in the table.
    pub table: u64,
}

impl Of {
    pub(super) fn column(&self) -> &'static str {
        match self {
            Of::User(_) => "user_id",
            Of::Tag(_) => "tag",
        }
    }

    fn value(&self) -> String {
        match self {
            Of::User(id) => id.to_string(),
            Of::Tag(tag) => format!("'{tag}'"),
        }
    }
}

impl Which {
    fn sql(self, column: &str) -> String {
        let rest = match self {
            Which::All => "",
            Which::Newest => " order by created_at desc, id desc limit 50",
            Which::Older => " and (created_at, id) < (?, ?) order by created_at desc, id desc limit 50",
        };
        format!("select * from posts where {column} = ?{rest}")
    }
}

impl Reading {
    /// The rows that were looked at, as the plan has it.
    pub fn rows(&self) -> u64 {
        if self.plan.scans() { self.table } else { self.found }
    }
}

/// As a story shows it: `user_id = 42, the newest 50`.
pub fn told(of: &Of, which: Which) -> String {
    let which = match which {
        Which::All => "",
        Which::Newest => " order by created_at desc, id desc limit 50",
        Which::Older => " and older than one of them",
    };
    format!("select * from posts where {} = {}{which}", of.column(), of.value())
}

impl Database {
    /// Asks one of the brief's queries, and looks how it is answered.
    pub async fn reads(&self, of: &Of, which: Which) -> Result<Reading, Stop> {
        /// A page or two into a list of a few hundred.
        const MIDDLE: i64 = 120;
        let mut connection = self.sqlite().await?;
        let sql = which.sql(of.column());
        let mut place = None;
        if which == Which::Older {
            let sql = format!(
                "select created_at, id from posts where {} = ? order by created_at desc, id desc limit 1 offset {MIDDLE}",
                of.column()
            );
            let row = contract(bound(&sql, of, None).fetch_one(&mut connection).await)?;
            place = Some((row.try_get(0)?, row.try_get(1)?));
        }
        let explain = Plan::of(&sql);
        let plan = Plan::read(&contract(bound(&explain, of, place).fetch_all(&mut connection).await)?)?;

        // Once before it counts: the first time, SQLite reads the schema as well.
        contract(bound(&sql, of, place).fetch_all(&mut connection).await)?;
        let steps = Steps::of(&mut connection).await?;
        let found = contract(bound(&sql, of, place).fetch_all(&mut connection).await)?.len() as u64;
        Ok(Reading { plan, steps: steps.done(), found, table: self.count("posts").await? })
    }

    /// How long it takes to read all posts of a list and to say nothing of them but how many letters they have, at best.
    pub async fn looks_at(&self, of: &Of) -> Result<Duration, Stop> {
        const TIMES: usize = 5;
        let mut connection = self.sqlite().await?;
        // In KiB: what MySQL has by default for the same. SQLite's own 2 MiB have no room for 847 pages, which would then be
        // asked of the kernel each time.
        sqlx::query("pragma cache_size = -131072").execute(&mut connection).await?;
        let sql = format!("select sum(length(content)) from posts where {} = ?", of.column());
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            let began = Instant::now();
            contract(bound(&sql, of, None).fetch_one(&mut connection).await)?;
            fastest = fastest.min(began.elapsed());
        }
        Ok(fastest)
    }
}

/// All queries that the site asks of posts in order: the brief's, and the feed's.
pub fn all() -> Vec<String> {
    let lists = ["user_id", "tag"];
    let whiches = [Which::All, Which::Newest, Which::Older];
    let mut all: Vec<String> = lists.iter().flat_map(|list| whiches.map(|which| which.sql(list))).collect();
    all.push("select * from posts order by created_at desc, id desc limit 50".to_owned());
    all
}

fn bound<'q>(sql: &str, of: &'q Of, place: Option<(i64, i64)>) -> Statement<'q, Sqlite, SqliteArguments> {
    let query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
    let query = match of {
        Of::User(id) => query.bind(id),
        Of::Tag(tag) => query.bind(tag),
    };
    match place {
        Some((created_at, id)) => query.bind(created_at).bind(id),
        None => query,
    }
}
