//! Likes: counted in Redis, which is quicker than counting rows.

use axum::{Form, Router, extract::State, response::Redirect, routing::post};
use serde::Deserialize;

use crate::{
    db,
    error::AppError,
    front::Block,
    site::{Shared, Site},
    user::User,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/like", post(like))
}

/// What the button under a gossip sends.
#[derive(Deserialize)]
struct Liked {
    id: i64,
}

async fn like(State(site): State<Shared>, user: User, Form(liked): Form<Liked>) -> Result<Redirect, AppError> {
    save(&site, &user, liked.id).await?;
    Ok(Redirect::to("/"))
}

/// Keeps the row for those who want to know who it was, and counts.
async fn save(site: &Site, reader: &User, post_id: i64) -> Result<(), AppError> {
    let mut tx = site.db.begin_write().await?;
    let there: i64 =
        sqlx::query_scalar("select count(*) from posts where id = ?").bind(post_id).fetch_one(&mut *tx).await?;
    if there == 0 {
        return Err(AppError::NotFound);
    }
    sqlx::query("insert or ignore into likes (post_id, user_id, created_at) values (?, ?, ?)")
        .bind(post_id)
        .bind(reader.id)
        .bind(db::now())
        .execute(&mut *tx)
        .await?;
    let change = site.cache.change(&[Block::Newest, Block::Top, Block::Counts]);
    tx.commit().await?;
    site.cache.count_like(post_id).await;
    change.announce().await;
    Ok(())
}
