//! Bytes that are many, and known again at the other end.

use std::sync::LazyLock;

use hyper::body::Bytes;
use sha2::{Digest as _, Sha256};

/// A fingerprint of bytes that come in pieces, to compare what was sent with what arrived.
#[derive(Default)]
pub struct Digest(Sha256);

impl Digest {
    pub fn of(bytes: &[u8]) -> String {
        let mut digest = Digest::default();
        digest.update(bytes);
        digest.text()
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn text(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The bytes of `/big`, over and over. No buffer's size is a multiple of 251, so what is lost, doubled or swapped shows.
static BLOCK: LazyLock<Bytes> = LazyLock::new(|| (0..251 * 256).map(|index| (index % 251) as u8).collect());

/// The digest of what `/big/{length}` answers.
pub fn big_digest(length: u64) -> String {
    let mut digest = Digest::default();
    for block in blocks(length) {
        digest.update(&block);
    }
    digest.text()
}

pub fn blocks(length: u64) -> impl Iterator<Item = Bytes> {
    let block = BLOCK.len() as u64;
    (0..length.div_ceil(block)).map(move |index| BLOCK.slice(..(length - index * block).min(block) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_does_not_depend_on_the_pieces() {
        let bytes: Vec<u8> = (0..255).collect();
        let whole = Digest::of(&bytes);
        for size in 1..=bytes.len() {
            let mut digest = Digest::default();
            bytes.chunks(size).for_each(|piece| digest.update(piece));
            assert_eq!(digest.text(), whole, "in pieces of {size}");
        }
        assert_ne!(Digest::of(&bytes[1..]), whole);
    }

    #[test]
    fn big_answers_are_as_long_as_asked() {
        for length in [0, 1, BLOCK.len() as u64, BLOCK.len() as u64 + 1] {
            assert_eq!(blocks(length).map(|block| block.len() as u64).sum::<u64>(), length);
        }
    }
}
