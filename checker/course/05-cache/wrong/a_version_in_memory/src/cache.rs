//! Answers that are remembered in Redis under a version, which whoever changes something counts up.

mod store;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use self::store::Store;
use crate::{config::Config, error::AppError, front::Block};

pub struct Cache {
    store: Store,
    ttl: Duration,
    versions: Mutex<HashMap<Block, u64>>,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache { store: Store::new(config)?, ttl: config.cache_ttl, versions: Mutex::default() })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        let mut talk = self.store.talk();
        let key = self.key(block);
        let remembered = talk.read_one(&key).await.ok().flatten();
        if let Some(answer) = remembered.and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        if let Err(error) = talk.write(&key, &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        Ok(answer)
    }

    /// To be called after a change was committed, with every block that shows it.
    pub async fn forget(&self, blocks: &[Block]) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.iter().for_each(|block| *versions.entry(*block).or_default() += 1);
    }

    fn key(&self, block: Block) -> String {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        format!("gossip:front:{block:?}:{}", versions.get(&block).copied().unwrap_or_default())
    }
}
