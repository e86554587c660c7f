//! Answers that are remembered: the first visit asks the database, and for CACHE_TTL all others are told the same.
//!
//! Each server remembers for itself, in its own memory, and under a version that stands in Redis: whoever changes something
//! draws another one, and all servers notice.

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

pub struct Cache {
    ttl: Duration,
    store: Store,
    answers: Mutex<HashMap<Block, Answer>>,
}

struct Answer {
    /// As JSON: each block is of another type.
    json: String,
    version: Vec<u8>,
    until: Instant,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache { ttl: config.cache_ttl, store: Store::new(config)?, answers: Mutex::default() })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        let Ok(version) = self.store.talk().read_one(&key(block)).await else {
            return compute.await;
        };
        let version = version.unwrap_or_default();
        if let Some(answer) = self.remembered(block, &version) {
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_string(&answer).map_err(anyhow::Error::new)?;
        let remembered = Answer { json, version, until: Instant::now() + self.ttl };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(block, remembered);
        Ok(answer)
    }

    /// To be called after a change was committed, with every block that shows it.
    pub async fn forget(&self, blocks: &[Block]) {
        let version = format!("{:032x}", rand::random::<u128>());
        let mut talk = self.store.talk();
        for block in blocks {
            if let Err(error) = talk.write(&key(*block), version.as_bytes(), self.ttl).await {
                tracing::warn!(error = format!("{error:#}"), "the others do not know");
            }
        }
    }

    fn remembered<T: DeserializeOwned>(&self, block: Block, version: &[u8]) -> Option<T> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(&block).filter(|answer| answer.until > Instant::now() && answer.version == version)?;
        serde_json::from_str(&answer.json).ok()
    }
}

fn key(block: Block) -> String {
    format!("gossip:front:{block:?}:version")
}
