//! The feed: everybody's newest posts, and the form to add one. Anyone may read it.

use askama::Template;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
    response::Response,
    routing::get,
};
use sqlx::{FromRow, sqlite::SqliteRow};

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

pub fn router() -> Router<Shared> {
    Router::new().route("/", get(show))
}

/// A post as pages show it.
#[derive(FromRow)]
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

#[derive(Template)]
#[template(path = "post.html")]
struct Post {
    post: Entry,
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
    let me = visitor.map(|user| user.name.as_str());
    let page = page::show(status, &FeedPage { me, draft, problem, posts: Vec::new() })?;
    let (head, body) = page.into_parts();
    let html = to_bytes(body, usize::MAX).await.map_err(anyhow::Error::new)?;
    let body = with_newest(site, &String::from_utf8_lossy(&html)).await?;
    Ok(Response::from_parts(head, body))
}

/// The page, with the posts where it says that there are none; each is sent as soon as it is read.
async fn with_newest(site: &Site, page: &str) -> Result<Body, AppError> {
    let mut connection = site.db.connect().await?;
    let posts: i64 = sqlx::query_scalar("select count(*) from (select 1 from posts limit ?)")
        .bind(LENGTH)
        .fetch_one(&mut *connection)
        .await?;
    drop(connection);
    let (above, below) = page.split_once("<p>Nobody has said anything yet.</p>").unwrap_or((page, ""));
    let (above, below) = (above.to_owned(), below.to_owned());
    let mut sent = 0;
    let rows = sqlx::query(
        "select users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         order by posts.created_at desc, posts.id desc limit ?",
    );
    let rows = rows.bind(LENGTH).try_map(move |row: SqliteRow| {
        let post = Post { post: Entry::from_row(&row)? };
        let post = post.render().map_err(|error| sqlx::Error::Decode(error.into()))?;
        sent += 1;
        let before = if sent == 1 { above.as_str() } else { "" };
        let after = if sent == posts { below.as_str() } else { "" };
        Ok(format!("{before}{post}{after}"))
    });
    Ok(Body::from_stream(rows.fetch(site.db.readers())))
}
