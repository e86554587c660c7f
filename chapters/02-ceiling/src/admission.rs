//! Who gets in, and how long a request may wait.
//!
//! Today everybody gets in at once, waits wherever something is scarce (file descriptors, the write lock, cores to hash
//! on), and waits without end. What is scarce is opened in db.rs and used up in password.rs. Nobody should wait longer
//! than QUEUE_DEADLINE; `AppError::Busy` is the answer to those who did.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use crate::site::Shared;

pub async fn admit(State(_site): State<Shared>, request: Request, next: Next) -> Response {
    next.run(request).await
}
