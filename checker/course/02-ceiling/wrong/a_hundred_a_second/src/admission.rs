//! How many get in, and how long each of them may wait. The box is comfortable with a hundred requests a second; whoever
//! comes above that is told at once to come back. What those who are in wait for their turns is bounded by QUEUE_DEADLINE.

use std::{
    cell::Cell,
    future::Future,
    sync::{LazyLock, Mutex, PoisonError},
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

/// Requests a second, and as many in one go.
const RATE: f64 = 100.0;

/// Tokens, and when they were counted.
static BUCKET: LazyLock<Mutex<(f64, Instant)>> = LazyLock::new(|| Mutex::new((RATE, Instant::now())));

fn takes_a_token() -> bool {
    let mut bucket = BUCKET.lock().unwrap_or_else(PoisonError::into_inner);
    let (tokens, counted) = *bucket;
    let tokens = (tokens + counted.elapsed().as_secs_f64() * RATE).min(RATE);
    let enough = tokens >= 1.0;
    *bucket = (if enough { tokens - 1.0 } else { tokens }, Instant::now());
    enough
}

pub async fn admit(State(site): State<Shared>, request: Request, next: Next) -> Response {
    if !takes_a_token() {
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
