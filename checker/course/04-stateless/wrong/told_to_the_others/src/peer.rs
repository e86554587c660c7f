//! The other servers: each writes down where it is, and tells the others what happens to sessions.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    error::AppError,
    site::{Shared, Site},
    user::User,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/peer/begin/{id}/{user}/{name}/{expires_at}", post(begin)).route("/peer/end/{id}", post(end))
}

/// Writes down where we are.
pub async fn join(site: &Site) -> Result<(), AppError> {
    let mut tx = site.db.begin_write().await?;
    sqlx::query("insert into peers (address) values (?) on conflict do nothing")
        .bind(site.address.to_string())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Tells all others, and comes back when each of them knows. Whoever does not answer is gone.
pub async fn tell(site: &Site, what: &str) -> Result<(), AppError> {
    let mut connection = site.db.connect().await?;
    let peers: Vec<String> = sqlx::query_scalar("select address from peers where address <> ?")
        .bind(site.address.to_string())
        .fetch_all(&mut *connection)
        .await?;
    drop(connection);
    for peer in peers {
        if let Err(error) = post_to(&peer, what).await {
            tracing::warn!(%error, peer, "a server does not listen");
        }
    }
    Ok(())
}

async fn post_to(peer: &str, what: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(peer).await?;
    let head = format!("POST /peer/{what} HTTP/1.1\r\nHost: {peer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(())
}

async fn begin(
    State(site): State<Shared>,
    Path((id, user, name, expires_at)): Path<(String, i64, String, i64)>,
) -> StatusCode {
    site.sessions.begin(id, User { id: user, name }, expires_at);
    StatusCode::NO_CONTENT
}

async fn end(State(site): State<Shared>, Path(id): Path<String>) -> StatusCode {
    site.sessions.end(&id);
    StatusCode::NO_CONTENT
}
