//! Answers that are remembered in Redis, where all servers find them: whoever is first asks the database, and whoever
//! changes something deletes the answers that show it.

mod store;

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use self::store::Store;
use crate::{config::Config, error::AppError, front::Block};

const OWED: &str = "gossip:front:owed";

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
        let remembered = talk.read_one(&key(block)).await.ok().flatten();
        if let Some(answer) = remembered.and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        if let Err(error) = talk.write(&key(block), &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        Ok(answer)
    }

    /// Puts something at the end of the list of what is to be stored.
    pub async fn owe(&self, what: &[u8]) -> anyhow::Result<()> {
        self.store.talk().push(OWED, what).await
    }

    /// Takes the first of what is to be stored.
    pub async fn owed(&self) -> anyhow::Result<Option<Vec<u8>>> {
        self.store.talk().pop(OWED).await
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
