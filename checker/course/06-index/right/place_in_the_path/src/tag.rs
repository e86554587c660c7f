//! Tags: what everybody has posted under one, a page at a time.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};

use crate::{
    error::AppError,
    listing::{self, Listing, Place},
    page,
    session::Visitor,
    site::Shared,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/tag/{tag}", get(newest)).route("/tag/{tag}/before/{place}", get(older))
}

#[derive(Template)]
#[template(path = "tag.html")]
struct TagPage<'a> {
    me: Option<&'a str>,
    tag: &'a str,
    listing: Listing,
}

async fn newest(site: State<Shared>, visitor: Visitor, Path(tag): Path<String>) -> Result<Response, AppError> {
    show(site, visitor, tag, Place::default()).await
}

async fn older(
    site: State<Shared>,
    visitor: Visitor,
    Path((tag, place)): Path<(String, Place)>,
) -> Result<Response, AppError> {
    show(site, visitor, tag, place).await
}

async fn show(State(site): State<Shared>, visitor: Visitor, tag: String, place: Place) -> Result<Response, AppError> {
    let tag = tag.to_ascii_lowercase();
    let mut connection = site.db.connect().await?;
    let rows = sqlx::query_as(
        "select posts.id, users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         where posts.tag = ? and (posts.created_at, posts.id) < (?, ?)
         order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(&tag)
    .bind(place.created_at)
    .bind(place.id)
    .bind(listing::rows())
    .fetch_all(&mut *connection)
    .await?;
    page::show(
        StatusCode::OK,
        &TagPage { me: visitor.name(), tag: &tag, listing: Listing::of(&format!("/tag/{tag}"), rows) },
    )
}
