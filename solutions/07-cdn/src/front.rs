//! What the front page is made of: five blocks, each the answer to one query, the same for everybody. Every visit of
//! every reader asks for all five, 40 times a second; `site.cache` remembers what they were last time.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{error::AppError, feed::Entry, site::Site};

/// Gossips on the page.
const NEWEST: i64 = 50;
/// Entries of each block beside them.
const TOP: i64 = 5;
const TAGS: i64 = 10;
const NEW_USERS: i64 = 5;
/// A tag is trending if the last so many gossips use it; by their number, not by their time, so that a quiet site has
/// trends too.
const TREND: i64 = 500;

/// Names a block, and the answer that is remembered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    Newest,
    Top,
    Tags,
    NewUsers,
    Counts,
}

pub struct Front {
    pub newest: Vec<Gossip>,
    pub top: Vec<Top>,
    pub tags: Vec<Tag>,
    pub new_users: Vec<NewUser>,
    pub counts: Counts,
}

#[derive(Deserialize, FromRow, Serialize)]
pub struct Gossip {
    pub id: i64,
    #[sqlx(flatten)]
    pub entry: Entry,
    pub likes: i64,
}

#[derive(Deserialize, FromRow, Serialize)]
pub struct Top {
    pub author: String,
    pub content: String,
    pub likes: i64,
}

#[derive(Deserialize, FromRow, Serialize)]
pub struct Tag {
    pub tag: String,
    pub uses: i64,
}

#[derive(Deserialize, FromRow, Serialize)]
pub struct NewUser {
    pub name: String,
}

#[derive(Deserialize, FromRow, Serialize)]
pub struct Counts {
    pub users: i64,
    pub gossips: i64,
    pub likes: i64,
}

/// All five at once: they do not need each other, and a page waits for the slowest, not for the sum.
pub async fn read(site: &Site) -> Result<Front, AppError> {
    let cache = &site.cache;
    let (newest, top, tags, new_users, counts) = tokio::try_join!(
        cache.get_or_compute(Block::Newest, newest(site)),
        cache.get_or_compute(Block::Top, top(site)),
        cache.get_or_compute(Block::Tags, tags(site)),
        cache.get_or_compute(Block::NewUsers, new_users(site)),
        cache.get_or_compute(Block::Counts, counts(site)),
    )?;
    Ok(Front { newest, top, tags, new_users, counts })
}

async fn newest(site: &Site) -> Result<Vec<Gossip>, AppError> {
    let mut connection = site.db.connect().await?;
    let newest = sqlx::query_as(
        "select posts.id, users.name as author, tag, content, posts.created_at,
             (select count(*) from likes where likes.post_id = posts.id) as likes
         from posts join users on users.id = posts.user_id
         order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(NEWEST)
    .fetch_all(&mut *connection)
    .await?;
    Ok(newest)
}

/// Those with the most likes; of equals, the newer one. What nobody likes is not top.
async fn top(site: &Site) -> Result<Vec<Top>, AppError> {
    let mut connection = site.db.connect().await?;
    let top = sqlx::query_as(
        "select users.name as author, content, best.likes
         from (select post_id, count(*) as likes from likes group by post_id order by likes desc, post_id desc limit ?) as best
         join posts on posts.id = best.post_id join users on users.id = posts.user_id
         order by best.likes desc, posts.id desc",
    )
    .bind(TOP)
    .fetch_all(&mut *connection)
    .await?;
    Ok(top)
}

async fn tags(site: &Site) -> Result<Vec<Tag>, AppError> {
    let mut connection = site.db.connect().await?;
    let tags = sqlx::query_as(
        "select tag, count(*) as uses
         from (select tag from posts order by created_at desc, id desc limit ?) as newest
         group by tag order by uses desc, tag limit ?",
    )
    .bind(TREND)
    .bind(TAGS)
    .fetch_all(&mut *connection)
    .await?;
    Ok(tags)
}

async fn new_users(site: &Site) -> Result<Vec<NewUser>, AppError> {
    let mut connection = site.db.connect().await?;
    let new_users = sqlx::query_as("select name from users order by created_at desc, id desc limit ?")
        .bind(NEW_USERS)
        .fetch_all(&mut *connection)
        .await?;
    Ok(new_users)
}

async fn counts(site: &Site) -> Result<Counts, AppError> {
    let mut connection = site.db.connect().await?;
    let counts = sqlx::query_as(
        "select (select count(*) from users) as users, (select count(*) from posts) as gossips,
             (select count(*) from likes) as likes",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(counts)
}
