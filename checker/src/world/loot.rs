//! What somebody has who has a copy of the site's database, and what could be made of it.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{
    database::Database,
    encoding::{base64, base64_url, hex, unbase64, unhex},
};
use crate::story::Stop;

/// Values out of tables; bytes as hexadecimal.
pub struct Loot {
    values: BTreeSet<String>,
}

impl Database {
    /// Everything in any table now.
    pub async fn loot(&self) -> Result<Loot, Stop> {
        Ok(Loot { values: self.everything().await?.into_iter().map(|(_, value)| value).collect() })
    }
}

impl Loot {
    /// What is in this one and not in the other.
    pub fn without(&self, other: &Loot) -> Loot {
        Loot { values: self.values.difference(&other.values).cloned().collect() }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every value in the ways in which a cookie could hold it.
    pub fn as_cookies(&self) -> Vec<String> {
        let mut cookies = BTreeSet::new();
        for value in &self.values {
            cookies.extend([value.clone(), value.to_lowercase(), value.to_uppercase()]);
            for bytes in readings(value) {
                cookies.extend([hex(&bytes), hex(&bytes).to_uppercase(), base64(&bytes), base64_url(&bytes)]);
                cookies.extend(String::from_utf8(bytes));
            }
        }
        // What cannot be in a header cannot be presented.
        let fits = |cookie: &String| cookie.len() < 3000 && cookie.chars().all(|sign| !sign.is_control());
        cookies.into_iter().filter(fits).collect()
    }

    /// What a text would be signed with (HMAC-SHA256) by whoever takes one of the values for a key.
    pub fn signatures_of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
        self.values.iter().flat_map(|value| readings(value)).map(|key| hmac(&key, text.as_bytes()))
    }
}

/// The bytes that a value may stand for.
fn readings(value: &str) -> Vec<Vec<u8>> {
    [Some(value.as_bytes().to_vec()), unhex(value), unbase64(value)].into_iter().flatten().collect()
}

/// RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut block = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_signature_is_as_others_make_it() {
        let signed = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&signed), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_value_is_tried_in_every_way() {
        let loot = Loot { values: BTreeSet::from(["00ff10".to_owned()]) };
        let cookies = loot.as_cookies();
        for expected in ["00ff10", "00FF10", "AP8Q"] {
            assert!(cookies.iter().any(|cookie| cookie == expected), "{expected} in {cookies:?}");
        }
    }
}
