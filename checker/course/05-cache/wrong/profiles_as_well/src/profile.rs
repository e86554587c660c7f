//! Profiles: one user's newest posts.

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
    feed::Entry,
    page,
    session::Visitor,
    site::{Shared, Site},
};

const LENGTH: i64 = 50;

pub fn router() -> Router<Shared> {
    Router::new().route("/u/{name}", get(show))
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    me: Option<&'a str>,
    name: &'a str,
    posts: Vec<Entry>,
}

async fn posts_of(site: &Site, id: i64) -> Result<Vec<Entry>, AppError> {
    let mut connection = site.db.connect().await?;
    let posts = sqlx::query_as(
        "select users.name as author, tag, content, posts.created_at
         from posts join users on users.id = posts.user_id
         where posts.user_id = ? order by posts.created_at desc, posts.id desc limit ?",
    )
    .bind(id)
    .bind(LENGTH)
    .fetch_all(&mut *connection)
    .await?;
    Ok(posts)
}

async fn show(State(site): State<Shared>, visitor: Visitor, Path(name): Path<String>) -> Result<Response, AppError> {
    let mut connection = site.db.connect().await?;
    let (id, name): (i64, String) = sqlx::query_as("select id, name from users where name = ?")
        .bind(name.to_ascii_lowercase())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(AppError::NotFound)?;
    drop(connection);
    let posts = site.cache.remember(&format!("gossip:profile:{id}"), posts_of(&site, id)).await?;
    page::show(StatusCode::OK, &ProfilePage { me: visitor.name(), name: &name, posts })
}
