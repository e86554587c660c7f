//! What an edge has kept, up to a limit: what was asked for longest ago makes room.
//!
//! One address has several answers where they differ by language or coding (Vary). They come and go together.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::header;

use super::kept::{Asked, Kept};

/// Answers of one address. Somebody who asks in a thousand languages pushes out his own.
const VARIANTS: usize = 16;

pub struct Store {
    /// In bytes.
    limit: usize,
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    by_key: HashMap<String, Shelf>,
    /// Keys by when they were last asked for.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    size: usize,
}

#[derive(Default)]
struct Shelf {
    variants: Vec<Arc<Kept>>,
    last_use: u64,
}

impl Store {
    pub fn new(limit: usize) -> Store {
        Store { limit, shelves: Mutex::default() }
    }

    /// The largest body that is worth its room.
    pub fn largest(&self) -> usize {
        self.limit / 8
    }

    /// What is kept for this request, fresh or not.
    pub fn find(&self, asked: &Asked) -> Option<Arc<Kept>> {
        let key = key(asked);
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let found = shelves.by_key.get(&key)?.variants.iter().find(|kept| kept.is_for(asked)).cloned()?;
        shelves.is_used(&key);
        Some(found)
    }

    /// Keeps an answer to this request, in the place of what was kept for it.
    pub fn keep(&self, asked: &Asked, kept: Arc<Kept>) {
        let key = key(asked);
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.add(&key, asked, kept);
        while shelves.size > usize::MAX - self.limit && shelves.drop_oldest() {}
    }
}

impl Shelves {
    fn add(&mut self, key: &str, asked: &Asked, kept: Arc<Kept>) {
        self.is_used(key);
        let Shelf { variants, .. } = self.by_key.entry(key.to_owned()).or_default();
        let before: usize = variants.iter().map(|kept| kept.size()).sum();
        variants.retain(|old| !old.is_for(asked));
        if variants.len() == VARIANTS {
            variants.remove(0);
        }
        variants.push(kept);
        let after: usize = variants.iter().map(|kept| kept.size()).sum();
        self.size = self.size + after - before;
    }

    fn is_used(&mut self, key: &str) {
        self.uses += 1;
        let shelf = self.by_key.entry(key.to_owned()).or_default();
        self.by_use.remove(&shelf.last_use);
        shelf.last_use = self.uses;
        self.by_use.insert(self.uses, key.to_owned());
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, key)) = self.by_use.pop_first() else { return false };
        let dropped = self.by_key.remove(&key).unwrap_or_default();
        self.size -= dropped.variants.iter().map(|kept| kept.size()).sum::<usize>();
        true
    }
}

/// One site's address, its query included: `/a?1` and `/a?2` are two, and so are `/a` here and `/a` on another site.
pub fn key(asked: &Asked) -> String {
    let host = asked.headers().get(header::HOST).map(|host| host.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    format!("{} {}", host.escape_ascii(), asked.uri())
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Bytes,
        extract::Request,
        http::{HeaderMap, Response},
    };

    use super::*;

    fn asked(host: &str, target: &str, language: &str) -> Asked {
        Request::get(target).header("host", host).header("accept-language", language).body(()).unwrap()
    }

    fn kept(asked: &Asked, length: usize, vary: &str) -> Arc<Kept> {
        let response = Response::builder().header("cache-control", "max-age=60").header("vary", vary).body(()).unwrap();
        let (head, ()) = response.into_parts();
        Arc::new(Kept::new(asked, &head, Bytes::from(vec![0; length])).unwrap())
    }

    #[test]
    fn host_query_and_language_tell_answers_apart() {
        let store = Store::new(100_000);
        let there = asked("a", "/static/x?1", "tr");
        store.keep(&there, kept(&there, 10, "accept-language"));
        assert!(store.find(&there).is_some());
        for elsewhere in
            [asked("b", "/static/x?1", "tr"), asked("a", "/static/x?2", "tr"), asked("a", "/static/x?1", "en")]
        {
            assert!(store.find(&elsewhere).is_none());
        }
        assert!(store.find(&asked("A", "/static/x?1", "tr")).is_none(), "the policy compares hosts sign by sign");
        let in_english = asked("a", "/static/x?1", "en");
        store.keep(&in_english, kept(&in_english, 20, "accept-language"));
        let length = |asked| store.find(asked).unwrap().answer(&HeaderMap::new()).into_body();
        assert_ne!(
            axum::body::HttpBody::size_hint(&length(&there)).exact(),
            axum::body::HttpBody::size_hint(&length(&in_english)).exact()
        );
    }

    #[test]
    fn what_nobody_asks_for_makes_room() {
        let store = Store::new(50_000);
        let all: Vec<Asked> = (0..10).map(|number| asked("a", &format!("/static/{number}"), "tr")).collect();
        for one in &all {
            store.keep(one, kept(one, 10_000, "accept"));
            assert!(store.find(&all[0]).is_some(), "it was asked for each time");
        }
        let there = all.iter().filter(|one| store.find(one).is_some()).count();
        assert_eq!(there, 4);
        assert!(store.shelves.lock().unwrap().size <= 50_000);
    }

    #[test]
    fn a_thousand_languages_are_sixteen() {
        let store = Store::new(1_000_000);
        for number in 0..1_000 {
            let one = asked("a", "/static/x", &number.to_string());
            store.keep(&one, kept(&one, 10, "accept-language"));
        }
        assert_eq!(store.shelves.lock().unwrap().by_key["a /static/x"].variants.len(), VARIANTS);
        let by_hand: usize =
            store.shelves.lock().unwrap().by_key["a /static/x"].variants.iter().map(|kept| kept.size()).sum();
        assert_eq!(store.shelves.lock().unwrap().size, by_hand);
    }
}
