//! What is made once under target/, by whichever check needs it first.

use std::{fs::File, path::PathBuf};

use anyhow::Context;
use tokio::task::spawn_blocking;

/// Waits until nobody else of this clone is making the same. The lock is held until it is dropped, or its process has ended
/// in whatever way; whoever is asked to end meanwhile does not wait for it.
pub async fn locked(file: PathBuf) -> anyhow::Result<File> {
    let lock = File::options().create(true).truncate(false).write(true).open(&file);
    let lock = lock.with_context(|| format!("making {}; is the disk full or read-only?", file.display()))?;
    if lock.try_lock().is_ok() {
        return Ok(lock);
    }
    eprintln!("another check of this clone is making what this one needs; waiting for it");
    let locked = spawn_blocking(move || lock.lock().map(|()| lock)).await;
    locked.context("waiting for another check")?.context("waiting for another check")
}
