//! Answers that are remembered in Redis, where all servers find them: whoever is first asks the database, and whoever
//! changes something deletes the answers that show it.

mod store;

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use self::store::Store;
use crate::{
    config::Config,
    error::AppError,
    front::{Block, Counts},
};

pub struct Cache {
    store: Store,
    ttl: Duration,
    /// As this server showed them last.
    counts: Mutex<Option<Counts>>,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache { store: Store::new(config)?, ttl: config.cache_ttl, counts: Mutex::default() })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        let mut talk = self.store.talk();
        let remembered = talk.read_one(&key(block)).await.ok().flatten();
        if let Some(json) = remembered
            && let Ok(answer) = serde_json::from_slice(&json)
        {
            self.show(block, &json);
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        self.show(block, &json);
        if let Err(error) = talk.write(&key(block), &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        Ok(answer)
    }

    fn show(&self, block: Block, json: &[u8]) {
        if block == Block::Counts {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::from_slice(json).ok();
        }
    }

    /// To be called after a change was committed: the numbers are those from before, and what was added.
    pub async fn count(&self, add: impl FnOnce(&mut Counts)) {
        let counted = self.counts.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(|counts| {
            add(counts);
            serde_json::to_vec(counts).ok()
        });
        let Some(json) = counted else {
            return self.forget(&[Block::Counts]).await;
        };
        if self.store.talk().write(&key(Block::Counts), &json, self.ttl).await.is_err() {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
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
