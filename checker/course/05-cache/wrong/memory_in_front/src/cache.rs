//! Answers that are remembered in Redis, where all servers find them, and for ten seconds in memory, which is quicker still.

mod store;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use self::store::Store;
use crate::{config::Config, error::AppError, front::Block};

/// Who would notice?
const IN_MEMORY: Duration = Duration::from_secs(10);

pub struct Cache {
    store: Store,
    ttl: Duration,
    /// Spares a way to Redis.
    near: Mutex<HashMap<Block, (Vec<u8>, Instant)>>,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache { store: Store::new(config)?, ttl: config.cache_ttl, near: Mutex::default() })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        let mut talk = self.store.talk();
        let remembered = match self.near(block) {
            Some(json) => Some(json),
            None => talk.read_one(&key(block)).await.ok().flatten(),
        };
        if let Some(json) = remembered
            && let Ok(answer) = serde_json::from_slice(&json)
        {
            self.keep_near(block, json);
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        if let Err(error) = talk.write(&key(block), &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        self.keep_near(block, json);
        Ok(answer)
    }

    fn near(&self, block: Block) -> Option<Vec<u8>> {
        let near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        near.get(&block).filter(|(_, until)| *until > Instant::now()).map(|(json, _)| json.clone())
    }

    fn keep_near(&self, block: Block, json: Vec<u8>) {
        let mut near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        near.retain(|_, (_, until)| *until > Instant::now());
        near.entry(block).or_insert((json, Instant::now() + IN_MEMORY));
    }

    /// To be called after a change was committed, with every block that shows it.
    pub async fn forget(&self, blocks: &[Block]) {
        blocks.iter().for_each(|block| {
            self.near.lock().unwrap_or_else(PoisonError::into_inner).remove(block);
        });
        let keys: Vec<_> = blocks.iter().copied().map(key).collect();
        if let Err(error) = self.store.talk().delete(&keys).await {
            tracing::warn!(error = format!("{error:#}"), "others may show the old answer until it ends");
        }
    }
}

fn key(block: Block) -> String {
    format!("gossip:front:{block:?}")
}
