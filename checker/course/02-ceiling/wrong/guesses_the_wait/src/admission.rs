//! How long a request may wait: QUEUE_DEADLINE. Who comes when so many are there that it will be longer (Little's law) is
//! told at once, and saves the time; everybody else when the time is over.

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
use tokio::time::{Instant, timeout};

use crate::{error::AppError, site::Shared};

tokio::task_local! {
    /// What is left of the patience of the request that this task serves; each wait takes from it.
    static PATIENCE: Cell<Duration>;
}

/// What a request takes when many are there.
const EACH: Duration = Duration::from_millis(50);

/// Requests that are here.
static HERE: AtomicU32 = AtomicU32::new(0);

/// Counts a request as long as it is here.
struct Guest;

impl Guest {
    /// With the number of those who were here before.
    fn enters() -> (Guest, u32) {
        (Guest, HERE.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        HERE.fetch_sub(1, Ordering::Relaxed);
    }
}

pub async fn admit(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let (_guest, before) = Guest::enters();
    if EACH * before > site.config.queue_deadline {
        return AppError::Busy.into_response();
    }
    PATIENCE.scope(Cell::new(site.config.queue_deadline), next.run(request)).await
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
