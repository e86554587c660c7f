//! Likes: one of each reader for each gossip.

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

/// Keeps the like, unless it is kept already: liking twice is liking.
async fn save(site: &Site, reader: &User, post_id: i64) -> Result<(), AppError> {
    let mut tx = site.db.begin_write().await?;
    // No row comes of a gossip that nobody told.
    let liked = sqlx::query("insert into likes (post_id, user_id, created_at) select id, ?, ? from posts where id = ?")
        .bind(reader.id)
        .bind(db::now())
        .bind(post_id)
        .execute(&mut *tx)
        .await;
    match liked {
        Ok(done) if done.rows_affected() == 0 => return Err(AppError::NotFound),
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let change = site.cache.change(&[Block::Newest, Block::Top, Block::Counts]);
    tx.commit().await?;
    change.announce().await;
    Ok(())
}
