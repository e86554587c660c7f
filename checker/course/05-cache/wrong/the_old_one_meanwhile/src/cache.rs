//! Answers that are remembered in Redis, where all servers find them: whoever is first asks the database, and whoever
//! changes something deletes the answers that show it.

mod store;

use std::{future::Future, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::store::{Store, Talk};
use crate::{config::Config, db, error::AppError, front::Block};

/// How many CACHE_TTL an answer is worth more than none.
const KEPT: u32 = 10;

#[derive(Deserialize, Serialize)]
struct Remembered<T> {
    answer: T,
    good_until: i64,
}

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
        let remembered = remembered.and_then(|json| serde_json::from_slice::<Remembered<T>>(&json).ok());
        if let Some(Remembered { answer, good_until }) = remembered {
            if db::now() >= good_until {
                // Whoever comes next finds the new one.
                let value = serde_json::to_value(compute.await?).map_err(anyhow::Error::new)?;
                self.keep(&mut talk, block, value).await;
            }
            return Ok(answer);
        }
        let answer = compute.await?;
        let value = serde_json::to_value(&answer).map_err(anyhow::Error::new)?;
        self.keep(&mut talk, block, value).await;
        Ok(answer)
    }

    async fn keep(&self, talk: &mut Talk<'_>, block: Block, answer: serde_json::Value) {
        let lasts = i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX);
        let remembered = Remembered { answer, good_until: db::now().saturating_add(lasts) };
        let json = serde_json::to_vec(&remembered).unwrap_or_default();
        if let Err(error) = talk.write(&key(block), &json, self.ttl * KEPT).await {
            tracing::debug!(error = format!("{error:#}"), "an answer is not remembered");
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
