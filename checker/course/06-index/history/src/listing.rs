//! Lists of posts that are longer than a page, newest first: which part of one a link asks for, and the link to what is
//! older.
//!
//! Pages are counted from the newest post on, and the database passes over those of the pages before.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::feed::Entry;

/// Posts on a page.
const LENGTH: usize = 50;

/// What a link asks for: `?page=2`, or nothing for the first.
#[derive(Deserialize)]
pub struct Part {
    #[serde(default = "first")]
    page: NonZeroU32,
}

/// A part of a list, as pages show it.
pub struct Listing {
    pub posts: Vec<Entry>,
    /// Where the link to the next part leads, if there is one.
    pub older: Option<String>,
}

impl Part {
    /// How many rows to pass over.
    pub fn offset(&self) -> i64 {
        i64::from(self.page.get() - 1) * LENGTH as i64
    }

    /// How many rows to ask for: one that is not shown says that there is an older part.
    pub fn rows() -> i64 {
        LENGTH as i64 + 1
    }
}

impl Listing {
    pub fn of(part: &Part, mut posts: Vec<Entry>) -> Listing {
        let has_older = posts.len() > LENGTH;
        posts.truncate(LENGTH);
        Listing { posts, older: has_older.then(|| format!("?page={}", part.page.saturating_add(1))) }
    }
}

fn first() -> NonZeroU32 {
    NonZeroU32::MIN
}
