//! A database that people use: what is in it when `migrate` comes is in it afterwards.

use super::{
    World,
    database::{Database, StoredPost, contract},
    http::quoted,
    table::Size,
};
use crate::story::{Stop, failed, with_commas};

/// What people would miss.
struct Kept {
    posts: Vec<StoredPost>,
    users: Vec<(i64, String, String)>,
}

impl World {
    /// The role `migrate`, on a database of this world's own.
    pub async fn brings_up_to_date(&self, database: &Database, size: Size) -> Result<(), Stop> {
        let moment = self.timeline().begin("role migrate brings it up to date");
        let migrated = self.migrated(&self.stage.context.migrate_table(database, size).await);
        moment.end(if migrated.is_ok() { "exit code 0" } else { "it fails" });
        migrated
    }

    /// The rows of a live database are as before, once it is brought up to date, and when that is done again; and it has what
    /// a new one has.
    pub async fn expect_live_data_stays(&mut self, size: Size, why: &str) -> Result<(), Stop> {
        let database = self.table_before(size, "live.db").await?;
        let before = database.kept().await?;
        self.note(format!("a database as chapter 05 left it, with {} posts in it", with_commas(before.posts.len())));
        self.brings_up_to_date(&database, size).await?;
        before.expect_same(&database.kept().await?, why)?;
        let schema = database.schema().await?;
        self.brings_up_to_date(&database, size).await?;
        before.expect_same(&database.kept().await?, why)?;
        let again = database.schema().await?;
        expect_equal(&schema, &again, "the second time, there is nothing to do", why)?;
        let new = self.database().await?.schema().await?;
        expect_equal(&new, &again, "a database that was brought up to date has what a new one has", why)
    }
}

impl Database {
    async fn kept(&self) -> Result<Kept, Stop> {
        let mut connection = self.sqlite().await?;
        let users =
            sqlx::query_as("select id, name, password_hash from users order by id").fetch_all(&mut connection).await;
        Ok(Kept { posts: self.posts().await?, users: contract(users)? })
    }

    /// What there is, as it was written.
    async fn schema(&self) -> Result<Vec<String>, Stop> {
        let mut connection = self.sqlite().await?;
        let sql =
            "select type || ' ' || name || ': ' || sql from sqlite_master where sql is not null order by type, name";
        contract(sqlx::query_scalar(sql).fetch_all(&mut connection).await)
    }
}

impl Kept {
    fn expect_same(&self, now: &Kept, why: &str) -> Result<(), Stop> {
        let users = |kept: &Kept| kept.users.len();
        if self.users != now.users {
            return failed(
                format!("{} users, as before", users(self)),
                format!("{} users, not the same", users(now)),
                why,
            );
        }
        let posts = |kept: &Kept| format!("{} posts", with_commas(kept.posts.len()));
        if self.posts.len() != now.posts.len() {
            return failed(format!("{}, as before", posts(self)), posts(now), why);
        }
        match self.posts.iter().zip(&now.posts).find(|(before, now)| before != now) {
            None => Ok(()),
            Some((before, now)) => {
                let shown = |post: &StoredPost| format!("{} by {}", quoted(&post.content), post.author);
                failed(
                    format!("post {} is {}", before.id, shown(before)),
                    format!("post {} is {}", now.id, shown(now)),
                    why,
                )
            }
        }
    }
}

fn expect_equal(left: &[String], right: &[String], expected: &str, why: &str) -> Result<(), Stop> {
    let odd = left.iter().find(|one| !right.contains(one)).or_else(|| right.iter().find(|one| !left.contains(one)));
    match odd {
        None => Ok(()),
        Some(odd) => failed(expected, format!("only one of them has {}", quoted(odd)), why),
    }
}
