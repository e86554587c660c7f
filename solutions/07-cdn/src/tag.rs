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
    listing::{Listing, Part},
    page,
    session::Visitor,
    site::Shared,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/tag/{tag}", get(show))
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
    Query(part): Query<Part>,
) -> Result<Response, AppError> {
    let tag = tag.to_ascii_lowercase();
    let mut connection = site.db.connect().await?;
    let rows = sqlx::query_as(
        "select posts.id, users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         where posts.tag = ? and (posts.created_at, posts.id) < (?, ?)
         order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(&tag)
    .bind(part.before().created_at)
    .bind(part.before().id)
    .bind(Part::rows())
    .fetch_all(&mut *connection)
    .await?;
    page::show(StatusCode::OK, &TagPage { me: visitor.name(), tag: &tag, listing: Listing::of(rows) })
}
