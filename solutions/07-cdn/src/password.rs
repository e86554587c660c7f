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
    Argon2, PasswordHasher,
    password_hash::{self, PasswordVerifier, phc::PasswordHash},
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
    let fits = on_a_core(move || verify_now(password.expose_secret(), hash.as_deref().unwrap_or(&NOBODY))).await?;
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
fn verify_now(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_its_hash() {
        let hash = hash_now("correct horse").expect("hashing needs memory only");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_now("correct horse", &hash));
        assert!(!verify_now("correct horse ", &hash));
        assert!(!verify_now("", "!"));
    }
}
