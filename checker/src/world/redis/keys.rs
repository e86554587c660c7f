//! What stands in a Redis: spoilt where it is the site's, kept where it is somebody else's.

use rand::{RngExt, rngs::StdRng};

use super::{Redis, Reply};
use crate::story::{Stop, failed};

/// What somebody writes into keys that are not his.
#[derive(Clone, Copy, Debug)]
pub enum Garbage {
    Word,
    /// Bytes that are no text.
    NoText,
    /// The first half of what stood there.
    Half,
    /// A list where a string was, a string where anything else was.
    AnotherType,
}

/// What to look for.
#[derive(Clone, Copy)]
pub enum Holding {
    Anything,
    /// What would stay for ever if nobody came back to it.
    AnythingEndless,
}

/// What others keep in the same Redis.
pub struct Others {
    kept: Vec<Kept>,
}

struct Kept {
    database: u32,
    key: String,
    kind: Kind,
    value: String,
    ends: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    List,
    Hash,
}

const WORD: &[u8] = b"gossip";
const NO_TEXT: &[u8] = &[0xff, 0xfe, 0, 0x80];
/// Longer than any scenario.
const A_DAY: &str = "86400";

impl Redis {
    /// Writes garbage into every key of the site's, and leaves their ends as they are; says how many there were.
    pub async fn is_spoilt(&self, garbage: Garbage) -> Result<usize, Stop> {
        let moment = self.stage.timeline.begin(format!("every key in Redis gets {}", garbage.told()));
        let keys = self.keys().await?;
        for key in &keys {
            self.spoil(key, garbage).await?;
        }
        moment.end(format!("{} keys", keys.len()));
        Ok(keys.len())
    }

    /// Whether it holds this.
    pub async fn holds(&self, what: Holding) -> Result<bool, Stop> {
        for key in self.keys().await? {
            let is_endless = async || self.ask(0, &[b"PTTL".as_slice(), &key]).await;
            match what {
                Holding::Anything => return Ok(true),
                Holding::AnythingEndless if is_endless().await? == Reply::Number(-1) => return Ok(true),
                Holding::AnythingEndless => {}
            }
        }
        Ok(false)
    }

    /// Others keep something here, too: in two databases, of several types, with and without an end, and some of it under
    /// names that begin like those of a gossip site.
    pub async fn is_shared(&self, rng: &mut StdRng) -> Result<Others, Stop> {
        let mut kept = Vec::new();
        for database in [0, 1] {
            for (prefix, kind, ends) in [
                ("gossip:session:", Kind::Text, true),
                ("gossip:front:", Kind::Text, false),
                ("gossip:", Kind::Hash, false),
                ("jobs:", Kind::List, false),
                ("", Kind::Text, false),
                ("", Kind::Hash, true),
            ] {
                let key = format!("{prefix}{:016x}", rng.random::<u64>());
                let value = format!("{:016x}", rng.random::<u64>());
                kept.push(Kept { database, key, kind, value, ends });
            }
        }
        for kept in &kept {
            self.ask(kept.database, &kept.written()).await?;
            if kept.ends {
                self.ask(kept.database, &["EXPIRE", &kept.key, A_DAY]).await?;
            }
        }
        self.stage.timeline.note(format!("others keep {} keys in this Redis, in two databases", kept.len()));
        Ok(Others { kept })
    }

    async fn keys(&self) -> Result<Vec<Vec<u8>>, Stop> {
        let Reply::List(keys) = self.ask(0, &["KEYS", "*"]).await? else { return Ok(Vec::new()) };
        Ok(keys.into_iter().filter_map(Reply::bytes).collect())
    }

    async fn spoil(&self, key: &[u8], garbage: Garbage) -> Result<(), Stop> {
        let kind = self.ask(0, &[b"TYPE".as_slice(), key]).await?.bytes().unwrap_or_default();
        match (kind.as_slice(), garbage) {
            // It ended since it was listed.
            (b"none", _) => {}
            (b"string", Garbage::AnotherType) => self.replace(key, &[b"RPUSH".as_slice(), key, WORD]).await?,
            (b"string", garbage) => {
                let value = self.ask(0, &[b"GET".as_slice(), key]).await?.bytes().unwrap_or_default();
                self.ask(0, &[b"SET".as_slice(), key, garbage.instead_of(&value), b"KEEPTTL"]).await?;
            }
            (b"hash", Garbage::Word | Garbage::NoText | Garbage::Half) => {
                let Reply::List(fields) = self.ask(0, &[b"HGETALL".as_slice(), key]).await? else { return Ok(()) };
                let fields: Vec<_> = fields.into_iter().filter_map(Reply::bytes).collect();
                for field in fields.chunks_exact(2) {
                    let words = [b"HSET".as_slice(), key, &field[0], garbage.instead_of(&field[1])];
                    self.ask(0, &words).await?;
                }
            }
            (_, _) => self.replace(key, &[b"SET".as_slice(), key, WORD]).await?,
        }
        Ok(())
    }

    /// Another value under a key, of whatever type, with the end that the key had.
    async fn replace(&self, key: &[u8], command: &[&[u8]]) -> Result<(), Stop> {
        let left = self.ask(0, &[b"PTTL".as_slice(), key]).await?;
        self.ask(0, &[b"DEL".as_slice(), key]).await?;
        self.ask(0, command).await?;
        if let Reply::Number(left) = left
            && left > 0
        {
            self.ask(0, &[b"PEXPIRE".as_slice(), key, left.to_string().as_bytes()]).await?;
        }
        Ok(())
    }
}

impl Others {
    /// All of it is there as it was.
    pub async fn expect_untouched(&self, redis: &Redis, why: &str) -> Result<(), Stop> {
        for kept in &self.kept {
            let expected = format!("{} in database {} is as somebody else left it", kept.key, kept.database);
            if redis.ask(kept.database, &kept.read()).await? != kept.found() {
                return failed(expected, "it is gone, or something else", why);
            }
            let ends = redis.ask(kept.database, &["PTTL", &kept.key]).await? != Reply::Number(-1);
            match (kept.ends, ends) {
                (true, false) => return failed(expected, "it had an end, and has none now", why),
                (false, true) => return failed(expected, "it had no end, and has one now", why),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Kept {
    fn written(&self) -> Vec<&str> {
        match self.kind {
            Kind::Text => vec!["SET", &self.key, &self.value],
            Kind::List => vec!["RPUSH", &self.key, &self.value],
            Kind::Hash => vec!["HSET", &self.key, "field", &self.value],
        }
    }

    fn read(&self) -> Vec<&str> {
        match self.kind {
            Kind::Text => vec!["GET", &self.key],
            Kind::List => vec!["LRANGE", &self.key, "0", "-1"],
            Kind::Hash => vec!["HGETALL", &self.key],
        }
    }

    fn found(&self) -> Reply {
        let value = Reply::Bytes(self.value.clone().into_bytes());
        match self.kind {
            Kind::Text => value,
            Kind::List => Reply::List(vec![value]),
            Kind::Hash => Reply::List(vec![Reply::Bytes(b"field".into()), value]),
        }
    }
}

impl Garbage {
    fn instead_of(self, value: &[u8]) -> &[u8] {
        match self {
            Garbage::Word | Garbage::AnotherType => WORD,
            Garbage::NoText => NO_TEXT,
            Garbage::Half => &value[..value.len() / 2],
        }
    }

    fn told(self) -> &'static str {
        match self {
            Garbage::Word => "a word",
            Garbage::NoText => "bytes that are no text",
            Garbage::Half => "half of what stood there",
            Garbage::AnotherType => "another type",
        }
    }
}

impl Reply {
    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Reply::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}
