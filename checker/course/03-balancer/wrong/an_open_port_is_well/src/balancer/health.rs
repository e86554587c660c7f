//! Looks whether a server takes connections, for as long as the balancer lives: at the dead as well, since only that
//! brings them back.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::time::{Instant, sleep_until, timeout};

use super::Server;

/// Knocks every `every`, and waits for `patience` at most. Each server has a task of its own, so that nobody delays the
/// others.
pub async fn watch(server: Arc<Server>, every: Duration, patience: Duration) {
    loop {
        let knocked = Instant::now();
        let answer = timeout(patience, server.upstream.connect()).await.context("no connection in time");
        let answer = answer.and_then(|connected| connected.context("no connection"));
        if let Err(error) = &answer {
            tracing::debug!(server = server.upstream.address(), error = format!("{error:#}"), "is not well");
        }
        server.is_found(answer.is_ok());
        sleep_until(knocked + every).await;
    }
}
