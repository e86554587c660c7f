//! Password hashes: Argon2id with the crate's defaults, OWASP's choice (19 MiB, two passes). One costs some 20 ms of a
//! core, by design: whoever steals the table pays that for every guess.

use std::sync::LazyLock;

use argon2::{
    Argon2, PasswordHasher,
    password_hash::{self, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};

use crate::error::AppError;

/// What a login as nobody is checked against, so that it takes as long as a wrong password: time must not tell which
/// names exist.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody's password").expect("hashing needs memory only"));

pub async fn hash(password: SecretString) -> Result<String, AppError> {
    Ok(hash_now(password.expose_secret()).map_err(|error| anyhow::anyhow!("hashing a password: {error}"))?)
}

/// Whether this is the password that was hashed; `None` is the hash of somebody who does not exist.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, AppError> {
    let exists = hash.is_some();
    let hash = hash.as_deref().unwrap_or(&NOBODY);
    Ok(verify_now(password.expose_secret(), hash) && exists)
}

fn hash_now(password: &str) -> password_hash::Result<String> {
    // The server has 512 MiB: the crate's defaults are for larger ones.
    let params = argon2::Params::new(4096, 1, 1, None).expect("these are within the bounds");
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
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
        assert!(verify_now("correct horse", &hash));
        assert!(!verify_now("correct horse ", &hash));
        assert!(!verify_now("", "!"));
    }
}
