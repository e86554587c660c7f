//! A database in which nothing can be written for a while: what is answered meanwhile was answered before it was stored.

use std::{pin::pin, time::Duration};

use tokio::time::timeout;

use super::{World, database::WriteLock, http::Seen, patience::PATIENCE, site::Site};
use crate::story::Stop;

/// Whoever asks gives up after `PATIENCE`. However slow this machine is, the lock is free well before.
pub fn many_times(usual: Duration) -> Duration {
    (Duration::from_millis(300) + usual * 20).min(PATIENCE / 3)
}

impl World {
    /// Does something while somebody else holds the write lock, and lets go of that if there is no answer after many times
    /// what it usually takes. With an answer that came before comes the lock, which is still held.
    pub async fn while_nothing_can_be_written(
        &self,
        site: &Site,
        usual: Duration,
        act: impl Future<Output = Seen>,
    ) -> Result<(Seen, Option<WriteLock>), Stop> {
        self.note("the database is busy: somebody else holds its write lock");
        let lock = site.database.lock_writes().await?;
        let mut act = pin!(act);
        if let Ok(early) = timeout(many_times(usual), &mut act).await {
            return Ok((early, Some(lock)));
        }
        self.note("the write lock is free");
        lock.release().await?;
        Ok((act.await, None))
    }
}
