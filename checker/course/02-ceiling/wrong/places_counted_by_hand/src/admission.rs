//! How long a request may wait. The box carries eight requests for each connection to the database; whoever comes then
//! waits until one of them is done. What a request waits for a place and for its turns after that is bounded by
//! QUEUE_DEADLINE; then it is told to come back.

use std::{
    cell::Cell,
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use crate::{error::AppError, site::Shared};

tokio::task_local! {
    /// What is left of the patience of the request that this task serves; each wait takes from it.
    static PATIENCE: Cell<Duration>;
}

/// Requests under way.
static INSIDE: AtomicU32 = AtomicU32::new(0);
/// Told when one is done.
static LEFT: Notify = Notify::const_new();

/// Waits until there is a place, and takes it.
async fn enter(places: u32) {
    let free = |inside: u32| (inside < places).then_some(inside + 1);
    loop {
        let left = LEFT.notified();
        if INSIDE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, free).is_ok() {
            return;
        }
        left.await;
    }
}

pub async fn admit(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let places = site.config.db_connections.get() * 8;
    let admitted = async {
        if let Err(busy) = wait_for(enter(places)).await {
            return busy.into_response();
        }
        let response = next.run(request).await;
        INSIDE.fetch_sub(1, Ordering::SeqCst);
        LEFT.notify_one();
        response
    };
    PATIENCE.scope(Cell::new(site.config.queue_deadline), admitted).await
}

/// Waits for a turn, as long as the request's patience lasts. A task that serves no request has all the time there is.
pub async fn wait_for<T>(turn: impl Future<Output = T>) -> Result<T, AppError> {
    let Ok(patience) = PATIENCE.try_with(Cell::get) else {
        return Ok(turn.await);
    };
    let began = Instant::now();
    let outcome = timeout(patience, turn).await;
    PATIENCE.with(|left| left.set(patience.saturating_sub(began.elapsed())));
    outcome.map_err(|_| AppError::Busy)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn all_waits_of_a_request_share_its_patience() {
        let patience = Duration::from_millis(40);
        let request = async {
            let began = Instant::now();
            assert!(wait_for(sleep(patience / 2)).await.is_ok());
            // Work is not waiting, however long it takes.
            sleep(patience * 2).await;
            assert!(wait_for(ready(())).await.is_ok());
            assert!(matches!(wait_for(pending::<()>()).await, Err(AppError::Busy)));
            assert!(began.elapsed() >= patience * 3);
            assert_eq!(PATIENCE.with(Cell::get), Duration::ZERO);
        };
        PATIENCE.scope(Cell::new(patience), request).await;
    }
}
