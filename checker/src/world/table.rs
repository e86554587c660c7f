//! The big table: a database as the chapter before left it, with very many posts. It is made once under target/, whatever
//! program is judged, and copied from there. Copying is by reflink where the file system has that: `fs::copy` asks for it.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use sqlx::{
    Connection as _, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{course, limits, once, report::look, story::with_commas, workshop};

/// The user of the talk, and how many of the posts are his, in a table of any size.
pub const USER: i64 = 42;
pub const FOUND: u64 = 847;

/// From the first gossip to the summer of 2009.
pub const BEGAN: i64 = 1_077_462_000_000;
pub const NOW: i64 = 1_243_814_400_000;

/// Whose migrations had been applied when the table grew.
const BEFORE: &str = "05";

/// One post takes 80 bytes. Three copies of it, with what is built on them, and the log of building that, take the rest.
const ROOM_PER_POST: u64 = 600;

/// Posts between two looks at the progress.
const PORTION: u64 = 100_000;

/// Everybody from user3 to user1002. Nobody can log in as these: `!` is the hash of no password.
const USERS: &str = "with recursive n(id) as (select 3 union all select id + 1 from n where id < 1002)
    insert into users (id, name, password_hash, created_at) select id, 'user' || id, '!', ?1 + id from n";

/// The posts from ?1 to ?2 of ?3, so many milliseconds apart (?5) after ?4. User 42's are spread evenly among them.
const POSTS: &str = "with recursive n(i) as (select ?1 union all select i + 1 from n where i < ?2)
    insert into posts (user_id, tag, content, created_at)
    select case when i * 847 / ?3 <> (i - 1) * 847 / ?3 then 42 else 43 + i * 7919 % 960 end,
        case i / 7 % 6 when 0 then 'family' when 1 then 'work' when 2 then 'kindergarten' when 3 then 'school'
            when 4 then 'town' else 'gossip' end,
        'The baker told number ' || i || ' of us, and now you.', ?4 + i * ?5
    from n";

/// How large a table, in three steps of ten times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Small,
    Middle,
    Whole,
}

impl Size {
    pub const ALL: [Size; 3] = [Size::Small, Size::Middle, Size::Whole];

    pub fn posts(self, full: bool) -> u64 {
        let whole = if full { 10_000_000 } else { 300_000 };
        match self {
            Size::Small => whole / 100,
            Size::Middle => whole / 10,
            Size::Whole => whole,
        }
    }
}

/// Makes the tables that are not there yet, all sizes; then no scenario waits for that. `plain`: no bar, lines.
pub async fn prepare(full: bool, plain: bool) -> anyhow::Result<()> {
    let folder = folder()?;
    fs::create_dir_all(&folder)
        .with_context(|| format!("making {}; is the disk full or read-only?", folder.display()))?;
    let posts = Size::Whole.posts(full);
    let room = posts * ROOM_PER_POST;
    let lacking = format!("and a check over {} posts takes {}", with_commas(posts), limits::size(room));
    limits::expect_room_for(&folder, room, &lacking)?;
    for size in Size::ALL {
        if !file(size, full)?.is_file() {
            make(&folder, size, full, plain).await?;
        }
    }
    Ok(())
}

/// Where the table of this size is. Whatever it is made of is in its name, so that another course makes another one.
pub fn file(size: Size, full: bool) -> anyhow::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (USERS, POSTS, BEGAN, NOW).hash(&mut hasher);
    let migrations = migrations()?;
    let listed = fs::read_dir(&migrations).with_context(|| format!("reading {}", migrations.display()))?;
    let mut files: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    for file in files {
        fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
    }
    Ok(folder()?.join(format!("{}-{:016x}.db", size.posts(full), hasher.finish())))
}

fn folder() -> anyhow::Result<PathBuf> {
    Ok(workshop::target()?.join("big-table"))
}

fn migrations() -> anyhow::Result<PathBuf> {
    Ok(course::chapter(BEFORE)?.solution().join("migrations/sqlite"))
}

/// Under another name until it is whole: whoever is interrupted leaves no half of one. One at a time, of all checks.
async fn make(folder: &Path, size: Size, full: bool, plain: bool) -> anyhow::Result<()> {
    const MAKING: &str = "making-";
    let file = file(size, full)?;
    let _lock = once::locked(folder.join("lock")).await?;
    if file.is_file() {
        return Ok(());
    }
    // Nobody else is making one now: what lies there was interrupted, or is of another course.
    let posts = size.posts(full);
    for entry in fs::read_dir(folder)? {
        let old = entry?.path();
        let name = old.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(MAKING) || name.starts_with(&format!("{posts}-")) {
            fs::remove_file(&old).with_context(|| format!("removing {}", old.display()))?;
        }
    }
    let making = Making { file: folder.join(format!("{MAKING}{posts}")) };
    File::create(&making.file).with_context(|| format!("making {}", making.file.display()))?;
    let progress = Told::begin(posts, plain);
    fill(&making.file, posts, &progress)
        .await
        .with_context(|| format!("making a table of {} posts", with_commas(posts)))?;
    File::open(&making.file)?.sync_all().context("writing the table to the disk")?;
    fs::rename(&making.file, &file).with_context(|| format!("making {}", file.display()))?;
    Ok(())
}

/// A table that is not whole yet. What is left of one goes, also when somebody ends this check meanwhile.
struct Making {
    file: PathBuf,
}

impl Drop for Making {
    fn drop(&mut self) {
        // Once it is whole, it has another name. What cannot be removed here, the next check removes that makes one.
        _ = fs::remove_file(&self.file);
    }
}

async fn fill(file: &Path, posts: u64, progress: &Told) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Off);
    let mut connection = SqliteConnection::connect_with(&options.synchronous(SqliteSynchronous::Off)).await?;
    Migrator::new(migrations()?.as_path()).await?.run(&mut connection).await?;
    let mut tx = connection.begin().await?;
    sqlx::query(USERS).bind(BEGAN).execute(&mut *tx).await?;
    let there: i64 = sqlx::query_scalar("select count(*) from posts").fetch_one(&mut *tx).await?;
    let there = there.unsigned_abs();
    let rows = posts.saturating_sub(there);
    let apart = (NOW - BEGAN) / i64::try_from(rows)?;
    let mut done = 0;
    while done < rows {
        let to = rows.min(done + PORTION);
        let portion = sqlx::query(POSTS).bind(i64::try_from(done + 1)?).bind(i64::try_from(to)?);
        portion.bind(i64::try_from(rows)?).bind(BEGAN).bind(apart).execute(&mut *tx).await?;
        progress.at(there + to);
        done = to;
    }
    tx.commit().await?;
    connection.close().await?;
    Ok(())
}

/// How far it is, on stderr: a bar where somebody looks, lines where lines are all there is, nothing where it takes no time.
struct Told {
    bar: ProgressBar,
    posts: u64,
    lines: bool,
    began: Instant,
}

impl Told {
    /// Smaller ones are there before anybody could read a line.
    const WORTH_A_WORD: u64 = 200_000;

    fn begin(posts: u64, plain: bool) -> Told {
        let is_long = posts >= Told::WORTH_A_WORD;
        let moves = is_long && !plain && io::stderr().is_terminal() && !look::plain_by_environment();
        let target = if moves { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(posts), target).with_finish(ProgressFinish::AndClear);
        let style =
            ProgressStyle::with_template("  {bar:30.cyan} {human_pos} of {human_len} posts, once  {elapsed:.dim}");
        bar.set_style(style.expect("the template is a constant that parses"));
        let lines = is_long && !moves;
        if lines {
            eprintln!("making a table of {} posts in target/big-table, once", with_commas(posts));
        }
        Told { bar, posts, lines, began: Instant::now() }
    }

    fn at(&self, post: u64) {
        const QUICK: Duration = Duration::from_secs(2);
        self.bar.set_position(post);
        let is_tenth = (post / PORTION).is_multiple_of((self.posts / PORTION / 10).max(1));
        if self.lines && is_tenth && self.began.elapsed() > QUICK {
            eprintln!("  {} of {} posts", with_commas(post), with_commas(self.posts));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn user_42_has_847_of_any_number() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        for posts in [3_000, 30_000] {
            let file = folder.path().join(posts.to_string());
            File::create(&file)?;
            fill(&file, posts, &Told::begin(posts, true)).await?;
            let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await?;
            let found: (i64, i64, i64) =
                sqlx::query_as("select count(*), sum(user_id = 42), max(created_at) from posts")
                    .fetch_one(&mut connection)
                    .await?;
            assert_eq!((found.0.unsigned_abs(), found.1.unsigned_abs()), (posts, FOUND));
            assert!(found.2 <= NOW);
        }
        Ok(())
    }
}
