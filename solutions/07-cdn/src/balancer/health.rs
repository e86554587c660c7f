//! Asks a server whether it is well, for as long as the balancer lives: the dead as well, since only the answer to this
//! question brings them back.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::Server;
use crate::upstream::{SendError, Upstream};

/// Asks every `every`, and waits for `patience` at most: a frozen server still accepts connections, and says nothing on
/// them. Each server has a task of its own, so that nobody's silence delays the others' question.
pub async fn watch(server: Arc<Server>, every: Duration, patience: Duration) {
    loop {
        let asked = Instant::now();
        let answer = timeout(patience, ask(&server.upstream)).await.context("no answer in time").flatten();
        if let Err(error) = &answer {
            tracing::debug!(server = server.upstream.address(), error = format!("{error:#}"), "is not well");
        }
        // One bad answer is enough, and one good one. With a server that flutters, two in a row would be wiser, and slower.
        server.is_found(answer.is_ok());
        sleep_until(asked + every).await;
    }
}

/// On a connection of its own: whether it takes new ones is part of the question.
async fn ask(upstream: &Arc<Upstream>) -> anyhow::Result<()> {
    let request = Request::get("/health")
        .header(header::HOST, upstream.address())
        .header(header::USER_AGENT, "balancer")
        .header(header::CONNECTION, "close")
        .body(Body::empty())?;
    let response = upstream.connect().await?.send(request).await.map_err(|error| match error {
        SendError::Unsent(_) => anyhow::anyhow!("it closed the connection at once"),
        SendError::Broken(error) => error,
    })?;
    ensure!(response.status() == StatusCode::OK, "it answered {}", response.status());
    Ok(())
}
