//! Answers that are always right: they are asked for each time.

use std::future::Future;

use crate::{config::Config, error::AppError, front::Block};

pub struct Cache;

impl Cache {
    pub fn new(_: &Config) -> anyhow::Result<Cache> {
        Ok(Cache)
    }

    pub async fn get_or_compute<T, F>(&self, _: Block, compute: F) -> Result<T, AppError>
    where
        F: Future<Output = Result<T, AppError>>,
    {
        compute.await
    }

    pub async fn forget(&self, _: &[Block]) {}
}
