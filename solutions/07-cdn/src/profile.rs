//! Profiles: what one user has posted, a page at a time.

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
    Router::new().route("/u/{name}", get(show))
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    me: Option<&'a str>,
    name: &'a str,
    listing: Listing,
}

async fn show(
    State(site): State<Shared>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(part): Query<Part>,
) -> Result<Response, AppError> {
    let mut connection = site.db.connect().await?;
    let (id, name): (i64, String) = sqlx::query_as("select id, name from users where name = ?")
        .bind(name.to_ascii_lowercase())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(AppError::NotFound)?;
    let rows = sqlx::query_as(
        "select posts.id, users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         where posts.user_id = ? and (posts.created_at, posts.id) < (?, ?)
         order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(id)
    .bind(part.before().created_at)
    .bind(part.before().id)
    .bind(Part::rows())
    .fetch_all(&mut *connection)
    .await?;
    page::show(StatusCode::OK, &ProfilePage { me: visitor.name(), name: &name, listing: Listing::of(rows) })
}
