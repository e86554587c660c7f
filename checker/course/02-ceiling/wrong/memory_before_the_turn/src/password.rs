//! Password hashes: Argon2id with the crate's defaults, OWASP's choice (19 MiB, two passes). One costs some 20 ms of a
//! core, by design: whoever steals the table pays that for every guess.
//!
//! The async workers never hash: 20 ms during which a worker answers nobody. Hashing has threads of its own, and as many
//! turns as there are cores to spare.

use std::{
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use anyhow::Context;
use argon2::{
    Argon2, Block, Params, PasswordHasher,
    password_hash::{self, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{admission, error::AppError};

/// One core is left to everybody who only wants to read. More hashes at once would not be done sooner, and each takes
/// 19 MiB.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(cores.saturating_sub(1).max(1)))
});

/// What a login as nobody is checked against, so that it takes as long as a wrong password: time must not tell which
/// names exist.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody's password").expect("hashing needs memory only"));

pub async fn hash(password: SecretString) -> Result<String, AppError> {
    let hash = on_a_core(move || hash_now(password.expose_secret())).await?;
    Ok(hash.map_err(|error| anyhow::anyhow!("hashing a password: {error}"))?)
}

/// Whether this is the password that was hashed; `None` is the hash of somebody who does not exist.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, AppError> {
    let exists = hash.is_some();
    // Asked for before the turn, so that whoever has a core does nothing but hash.
    let memory = vec![Block::default(); Params::DEFAULT.block_count()];
    let verified = move || verify_now(password.expose_secret(), hash.as_deref().unwrap_or(&NOBODY), memory);
    let fits = on_a_core(verified).await?;
    Ok(fits && exists)
}

async fn on_a_core<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let turn = admission::wait_for(TURNS.clone().acquire_owned()).await?.context("waiting for a core")?;
    let work = spawn_blocking(move || {
        // Given back when the work is done, not when nobody waits for it any more: the core is busy all the same.
        let _turn = turn;
        work()
    });
    Ok(work.await.context("hashing a password")?)
}

fn hash_now(password: &str) -> password_hash::Result<String> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
}

/// A hash that cannot be read, such as the seeded users' `!`, fits no password.
fn verify_now(password: &str, hash: &str, memory: Vec<Block>) -> bool {
    let Ok(PasswordHash { salt: Some(salt), hash: Some(expected), .. }) = PasswordHash::new(hash) else {
        return false;
    };
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let hashed =
        Argon2::default().hash_password_into_with_memory(password.as_bytes(), salt.as_ref(), &mut output, memory);
    hashed.is_ok() && expected.as_ref() == output
}
