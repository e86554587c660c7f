//! Answers that are remembered in Redis, where all servers find them: whoever is first asks the database, and whoever
//! changes something deletes the answers that show it.

mod store;

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use tokio::time::sleep;

use self::store::Store;
use crate::{admission, config::Config, error::AppError, front::Block};

/// Between two looks of those who wait.
const PAUSE: Duration = Duration::from_millis(5);

pub struct Cache {
    store: Store,
    ttl: Duration,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache { store: Store::new(config)?, ttl: config.cache_ttl })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        let mut talk = self.store.talk();
        let lock = format!("{}:lock", key(block));
        loop {
            let Ok(remembered) = talk.read_one(&key(block)).await else {
                return compute.await;
            };
            if let Some(answer) = remembered.and_then(|json| serde_json::from_slice(&json).ok()) {
                return Ok(answer);
            }
            match talk.take(&lock).await {
                Ok(true) => break,
                Ok(false) => admission::wait_for(sleep(PAUSE)).await?,
                Err(_) => return compute.await,
            }
            talk.begin_again();
        }
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        if let Err(error) = talk.write(&key(block), &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        let _ = talk.delete(&[lock]).await;
        Ok(answer)
    }

    /// To be called after a change was committed, with every block that shows it.
    pub async fn forget(&self, blocks: &[Block]) {
        let keys: Vec<_> = blocks.iter().copied().map(key).collect();
        if let Err(error) = self.store.talk().delete(&keys).await {
            tracing::warn!(error = format!("{error:#}"), "others may show the old answer until it ends");
        }
    }
}

fn key(block: Block) -> String {
    format!("gossip:front:{block:?}")
}
