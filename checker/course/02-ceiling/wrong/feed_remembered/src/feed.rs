//! The feed: everybody's newest posts, and the form to add one. Anyone may read it.

use std::time::{Duration, Instant};

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use sqlx::FromRow;
use tokio::sync::Mutex;

use crate::{
    error::AppError,
    page,
    post::Draft,
    session::Visitor,
    site::{Shared, Site},
    user::User,
};

/// Posts on the page; however many there are, reading the feed costs the same.
const LENGTH: i64 = 50;

/// For so long, everybody is shown the same.
const FRESH: Duration = Duration::from_secs(10);

static REMEMBERED: Mutex<Option<(Instant, Vec<Entry>)>> = Mutex::const_new(None);

pub fn router() -> Router<Shared> {
    Router::new().route("/", get(show))
}

/// A post as pages show it.
#[derive(Clone, FromRow)]
pub struct Entry {
    pub author: String,
    pub tag: String,
    pub content: String,
    pub created_at: i64,
}

#[derive(Template)]
#[template(path = "feed.html")]
struct FeedPage<'a> {
    me: Option<&'a str>,
    draft: &'a Draft,
    problem: Option<&'a str>,
    posts: Vec<Entry>,
}

async fn show(State(site): State<Shared>, Visitor(visitor): Visitor) -> Result<Response, AppError> {
    show_with(&site, visitor.as_ref(), StatusCode::OK, &Draft::new(), None).await
}

/// The feed with a draft in its form: an empty one, or one that could not be published and why.
pub async fn show_with(
    site: &Site,
    visitor: Option<&User>,
    status: StatusCode,
    draft: &Draft,
    problem: Option<&str>,
) -> Result<Response, AppError> {
    let posts = newest(site).await?;
    let me = visitor.map(|user| user.name.as_str());
    page::show(status, &FeedPage { me, draft, problem, posts })
}

async fn newest(site: &Site) -> Result<Vec<Entry>, AppError> {
    let mut remembered = REMEMBERED.lock().await;
    if let Some((at, posts)) = remembered.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
        tracing::debug!(age = ?at.elapsed(), "the feed is remembered");
        return Ok(posts.clone());
    }
    let mut connection = site.db.connect().await?;
    let posts: Vec<Entry> = sqlx::query_as(
        "select users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(LENGTH)
    .fetch_all(&mut *connection)
    .await?;
    *remembered = Some((Instant::now(), posts.clone()));
    Ok(posts)
}
