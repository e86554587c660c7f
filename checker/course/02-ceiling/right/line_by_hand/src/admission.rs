//! How long a request may wait. What is scarce (database connections, the write lock, cores to hash on) has a line in
//! front of it, first come, first served. What a request waits in all its lines together is bounded by QUEUE_DEADLINE;
//! then it is told to come back, while there is still somebody to read that.
//!
//! Only waiting is ever cut, never work that has begun: a post that was kept is not answered with "try again". Nobody
//! holds a place while the answer travels, so slow readers cost nothing but their connection.
//!
//! Who waits is a task with at most one form (64 KiB) in hand, and has a connection open: the limit on file descriptors
//! bounds the memory of all lines, at 64 MiB for the usual 1,024.

use std::{
    cell::Cell,
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

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

/// So many turns, and those who wait for one.
pub struct Line {
    queue: Mutex<Queue>,
}

struct Queue {
    free: usize,
    /// Nobody is in it while a turn is free.
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// Handed on when it goes out of scope.
pub struct Turn {
    /// Taken when it is.
    line: Option<Arc<Line>>,
}

impl Line {
    pub fn with_turns(free: usize) -> Arc<Line> {
        Arc::new(Line { queue: Mutex::new(Queue { free, waiting: VecDeque::new() }) })
    }

    /// Waits for a turn, behind everybody who came before.
    pub async fn turn(self: &Arc<Line>) -> Result<Turn, AppError> {
        let handed = {
            let mut queue = self.lock();
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Turn { line: Some(self.clone()) });
            }
            let (hand, handed) = oneshot::channel();
            queue.waiting.push_back(hand);
            handed
        };
        // A sender leaves the queue only to be used.
        wait_for(handed).await?.map_err(|error| AppError::Internal(error.into()))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing between two changes of it can panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        let mut queue = line.lock();
        let mut turn = Turn { line: Some(line.clone()) };
        while let Some(next) = queue.waiting.pop_front() {
            match next.send(turn) {
                Ok(()) => return,
                // Whoever that was has left.
                Err(back) => turn = back,
            }
        }
        turn.line = None;
        queue.free += 1;
    }
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
