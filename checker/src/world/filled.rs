//! A site whose table was big before the last migrations came: copies of the big table, with somebody in it whom only this
//! run knows, brought up to date by the program's own role `migrate`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    Context, World,
    database::Database,
    migrate::LIMIT,
    query::Of,
    site::SiteBuilder,
    stage::Unmigrated,
    table::{self, BEGAN, NOW, Size},
};
use crate::story::Stop;

/// What building on it may take besides, for each post.
const LIMIT_PER_POST: Duration = Duration::from_micros(100);

/// Somebody, and a tag, that have some of the posts in this run's tables, and that no other run has.
#[derive(Clone, Debug)]
pub struct Regular {
    pub id: i64,
    pub name: String,
    pub posts: u64,
    pub tag: String,
    pub tagged: u64,
}

impl Regular {
    pub(super) fn of(seed: u64) -> Regular {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x0847);
        Regular {
            id: rng.random_range(2_000..1_000_000),
            name: format!("carla{:04}", rng.random_range(0..10_000)),
            posts: rng.random_range(200..400),
            tag: format!("tag-{:08x}", rng.random::<u32>()),
            tagged: rng.random_range(200..400),
        }
    }
}

impl World {
    pub fn regular(&self) -> Regular {
        Regular::of(self.stage.context.seed)
    }

    /// A table of this size as `migrate` leaves it, to be read only: the worlds of a run share it.
    pub async fn table(&self, size: Size) -> Result<Database, Stop> {
        let context = &self.stage.context;
        let table = context.tables[size as usize].get_or_init(|| context.fill_and_migrate(size));
        Ok(Database::at(self.migrated(table.await)?))
    }

    /// The same as it was before `migrate` came, in a copy of this world's own.
    pub async fn table_before(&self, size: Size, name: &str) -> Result<Database, Stop> {
        Ok(self.stage.context.filled(size, &self.stage.folder.join(name)).await?)
    }

    /// The same in a copy of this world's own.
    pub async fn copy_of_table(&self, size: Size, name: &str) -> Result<Database, Stop> {
        Ok(Database::copy_of(self.table(size).await?.file()?, self.stage.folder.join(name))?)
    }

    /// This world's database: a copy of a table of this size, if there is one asked for.
    pub(super) async fn database_over(&mut self, size: Option<Size>) -> Result<Database, Stop> {
        if let Some(size) = size {
            self.database = Some(self.copy_of_table(size, "gossip.db").await?);
        }
        self.database().await
    }
}

impl SiteBuilder<'_> {
    /// Over a table that was of this size when `migrate` came.
    pub fn over(mut self, size: Size) -> Self {
        self.table = Some(size);
        self
    }
}

impl Context {
    async fn fill_and_migrate(&self, size: Size) -> Result<PathBuf, Unmigrated> {
        let folder = self.folder.join(format!("table-{}", size.posts(self.full)));
        let made = fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()));
        made.map_err(Unmigrated::before)?;
        let database = self.filled(size, &folder.join("gossip.db")).await.map_err(Unmigrated::before)?;
        self.migrate_table(&database, size).await?;
        Ok(database.file().map_err(Unmigrated::before)?.to_owned())
    }

    /// Runs the role `migrate` on a table of this size.
    pub(super) async fn migrate_table(&self, database: &Database, size: Size) -> Result<(), Unmigrated> {
        let posts = u32::try_from(size.posts(self.full)).unwrap_or(u32::MAX);
        self.migrate(database, LIMIT + LIMIT_PER_POST * posts).await
    }

    async fn filled(&self, size: Size, file: &Path) -> anyhow::Result<Database> {
        let database = Database::copy_of(&table::file(size, self.full)?, file.to_owned())?;
        database.add_regular(&Regular::of(self.seed)).await?;
        Ok(database)
    }
}

/// Posts of one user under one tag, evenly apart: what ?1 to ?2 is to the numbers, ?5 and ?6 are to the times.
const MANY: &str = "with recursive n(i) as (select ?1 union all select i + 1 from n where i < ?2)
    insert into posts (user_id, tag, content, created_at)
    select ?3, ?4, 'No. ' || printf('%06d', i) || ': ' || ?7, ?5 + (i - ?1) * ?6 from n";

/// Posts that are added at once.
#[derive(Clone, Debug)]
pub struct Many<'a> {
    pub author: i64,
    pub tag: &'a str,
    /// Ends each text; it begins with its number.
    pub text: &'a str,
    pub numbers: std::ops::RangeInclusive<i64>,
    /// Of the first one.
    pub at: i64,
    /// Milliseconds from one to the next.
    pub apart: i64,
}

impl Database {
    async fn add_regular(&self, regular: &Regular) -> anyhow::Result<()> {
        let mut connection = self.sqlite().await?;
        sqlx::query("insert into users (id, name, password_hash, created_at) values (?, ?, '!', ?)")
            .bind(regular.id)
            .bind(&regular.name)
            .bind(BEGAN)
            .execute(&mut connection)
            .await?;
        for (author, tag, posts) in [(regular.id, "gossip", regular.posts), (3, regular.tag.as_str(), regular.tagged)] {
            let posts = i64::try_from(posts)?;
            let apart = (NOW - BEGAN) / posts;
            let many =
                Many { author, tag, text: "and nobody was meant to hear it.", numbers: 1..=posts, at: BEGAN, apart };
            many.insert(&mut connection).await?;
        }
        Ok(())
    }

    /// Somebody who has registered, and will never log in.
    pub async fn add_user(&self, name: &str) -> Result<i64, Stop> {
        self.execute("insert into users (name, password_hash, created_at) values (?, '!', 0)", &[name.into()]).await?;
        self.user_id(name).await
    }

    pub async fn add_many(&self, many: Many<'_>) -> Result<(), Stop> {
        let mut connection = self.sqlite().await?;
        Ok(many.insert(&mut connection).await?)
    }

    /// The texts of a list, in its order.
    pub async fn list(&self, of: &Of) -> Result<Vec<String>, Stop> {
        let mut connection = self.sqlite().await?;
        let sql = format!("select content from posts where {} = ? order by created_at desc, id desc", of.column());
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        Ok(match of {
            Of::User(id) => query.bind(id),
            Of::Tag(tag) => query.bind(tag),
        }
        .fetch_all(&mut connection)
        .await?)
    }
}

impl Many<'_> {
    async fn insert(&self, connection: &mut sqlx::SqliteConnection) -> sqlx::Result<()> {
        let query =
            sqlx::query(MANY).bind(self.numbers.start()).bind(self.numbers.end()).bind(self.author).bind(self.tag);
        query.bind(self.at).bind(self.apart).bind(self.text).execute(connection).await.map(|_| ())
    }
}
