//! How long a request may wait. What is scarce (database connections, the write lock, cores to hash on) has a line in
//! front of it, first come, first served. What a request waits in all its lines together is bounded by QUEUE_DEADLINE;
//! then it is told to come back, while there is still somebody to read that.
//!
//! Only waiting is ever cut, never work that has begun: a post that was kept is not answered with "try again". Nobody
//! holds a place while the answer travels, so slow readers cost nothing but their connection.
//!
//! Who waits is a task with at most one form (64 KiB) in hand, and has a connection open: the limit on file descriptors
//! bounds the memory of all lines, at 64 MiB for the usual 1,024.

use std::{cell::Cell, future::Future, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::time::{Instant, timeout};

use crate::{error::AppError, site::Shared};

tokio::task_local! {
    /// What is left of the patience of the request that this task serves; each wait takes from it.
    static PATIENCE: Cell<Duration>;
}

pub async fn admit(State(site): State<Shared>, request: Request, next: Next) -> Response {
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
