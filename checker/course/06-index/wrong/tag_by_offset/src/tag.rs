//! Tags: what everybody has posted under one, a page at a time.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};

use crate::{
    error::AppError,
    listing::{Listed, Listing, Part},
    page,
    session::Visitor,
    site::Shared,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/tag/{tag}", get(show))
}

#[derive(serde::Deserialize)]
struct Counted {
    #[serde(default)]
    page: u32,
}

#[derive(Template)]
#[template(path = "tag.html")]
struct TagPage<'a> {
    me: Option<&'a str>,
    tag: &'a str,
    listing: Listing,
}

async fn show(
    State(site): State<Shared>,
    visitor: Visitor,
    Path(tag): Path<String>,
    Query(counted): Query<Counted>,
) -> Result<Response, AppError> {
    let tag = tag.to_ascii_lowercase();
    let mut connection = site.db.connect().await?;
    let rows: Vec<Listed> = sqlx::query_as(
        "select posts.id, users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         where posts.tag = ? order by posts.created_at desc, posts.id desc limit ? offset ?",
    )
    .bind(&tag)
    .bind(Part::rows())
    .bind(i64::from(counted.page) * 50)
    .fetch_all(&mut *connection)
    .await?;
    let mut listing = Listing::of(rows);
    listing.older = listing.older.map(|_| format!("?page={}", counted.page + 1));
    page::show(StatusCode::OK, &TagPage { me: visitor.name(), tag: &tag, listing })
}
