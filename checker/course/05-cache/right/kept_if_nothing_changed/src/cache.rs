//! Answers that are remembered in Redis, where all servers find them: whoever is first asks the database, and whoever
//! changes something deletes the answers that show it, and leaves a word by which those who are late know that they are.

mod store;

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use self::store::Store;
use crate::{config::Config, error::AppError, front::Block};

/// In CACHE_TTL: longer than anybody computes. Where the word has ended, it is the empty one.
const WORD_LASTS: u32 = 10;

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
        // Before the query: a change that comes from now on leaves another word.
        let Ok(word) = talk.read_one(&word_key(block)).await else {
            return compute.await;
        };
        let answer = compute.await?;
        let json = serde_json::to_vec(&answer).map_err(anyhow::Error::new)?;
        let keys = [word_key(block), key(block)];
        if let Err(error) = talk.write_if(&keys, &word.unwrap_or_default(), &json, self.ttl).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
        }
        Ok(answer)
    }

    /// To be called after a change was committed, with every block that shows it.
    pub async fn forget(&self, blocks: &[Block]) {
        let keys: Vec<_> = blocks.iter().map(|&block| (word_key(block), key(block))).collect();
        if let Err(error) = self.store.talk().change(&keys, self.ttl * WORD_LASTS).await {
            tracing::warn!(error = format!("{error:#}"), "others may show the old answer until it ends");
        }
    }
}

fn word_key(block: Block) -> String {
    format!("gossip:front:{block:?}:word")
}

fn key(block: Block) -> String {
    format!("gossip:front:{block:?}")
}
