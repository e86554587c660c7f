//! Password hashes: what is stored cannot be turned back into a password.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::error::AppError;

pub async fn hash(password: SecretString) -> Result<String, AppError> {
    Ok(digest(&password))
}

/// Whether this is the password that was hashed; `None` is the hash of somebody who does not exist.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, AppError> {
    Ok(hash.is_some_and(|hash| hash == digest(&password)))
}

fn digest(password: &SecretString) -> String {
    let digest = Sha256::digest(password.expose_secret());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
