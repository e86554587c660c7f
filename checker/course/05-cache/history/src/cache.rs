//! Answers that are remembered: the first visit asks the database, and for CACHE_TTL all others are told the same.
//!
//! Each server remembers for itself, in its own memory.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{config::Config, error::AppError, front::Block};

pub struct Cache {
    ttl: Duration,
    answers: Mutex<HashMap<Block, Answer>>,
}

struct Answer {
    /// As JSON: each block is of another type.
    json: String,
    until: Instant,
}

impl Cache {
    pub fn new(config: &Config) -> Cache {
        Cache { ttl: config.cache_ttl, answers: Mutex::default() }
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        if let Some(answer) = self.remembered(block) {
            return Ok(answer);
        }
        let answer = compute.await?;
        let json = serde_json::to_string(&answer).map_err(anyhow::Error::new)?;
        let remembered = Answer { json, until: Instant::now() + self.ttl };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(block, remembered);
        Ok(answer)
    }

    /// To be called after a change was committed, with every block that shows it.
    pub fn forget(&self, blocks: &[Block]) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for block in blocks {
            answers.remove(block);
        }
    }

    fn remembered<T: DeserializeOwned>(&self, block: Block) -> Option<T> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(&block).filter(|answer| answer.until > Instant::now())?;
        serde_json::from_str(&answer.json).ok()
    }
}
