//! How long a request may take: QUEUE_DEADLINE, from its first line to its answer. Then it is told to come back, while
//! there is still somebody to read that.

use std::future::Future;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

use crate::{error::AppError, site::Shared};

pub async fn admit(State(site): State<Shared>, request: Request, next: Next) -> Response {
    match timeout(site.config.queue_deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => AppError::Busy.into_response(),
    }
}

/// Waits for a turn; `admit` sees to it that nobody waits for ever.
pub async fn wait_for<T>(turn: impl Future<Output = T>) -> Result<T, AppError> {
    Ok(turn.await)
}
