//! Lists of posts that are longer than a page, newest first: which part of one a link asks for, and the link to what is
//! older.
//!
//! A link names the last post that its reader has seen, by time and, for those of the same millisecond, by id. An index in
//! the list's order is entered there, however far down that is, and it stays the same place while others publish.

use serde::Deserialize;
use sqlx::FromRow;

use crate::feed::Entry;

/// Posts on a page.
const LENGTH: usize = 50;

/// What a link asks for: `?before=1187059441000,4711`, or nothing for the newest.
#[derive(Deserialize)]
pub struct Part {
    #[serde(default = "newest")]
    before: String,
}

/// A row of a list.
#[derive(FromRow)]
pub struct Listed {
    id: i64,
    #[sqlx(flatten)]
    entry: Entry,
}

/// A part of a list, as pages show it.
pub struct Listing {
    pub posts: Vec<Entry>,
    /// Where the link to the next part leads, if there is one.
    pub older: Option<String>,
}

impl Part {
    /// Everything in it is older than this, as SQL has it.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// How many rows to ask for: one that is not shown says that there is an older part.
    pub fn rows() -> i64 {
        LENGTH as i64 + 1
    }
}

impl Listing {
    pub fn of(mut rows: Vec<Listed>) -> Listing {
        let has_older = rows.len() > LENGTH;
        rows.truncate(LENGTH);
        let last = rows.last().filter(|_| has_older).map(Listed::place);
        Listing {
            posts: rows.into_iter().map(|row| row.entry).collect(),
            older: last.map(|place| format!("?before={place}")),
        }
    }
}

impl Listed {
    fn place(&self) -> String {
        format!("{},{}", self.entry.created_at, self.id)
    }
}

fn newest() -> String {
    format!("{0},{0}", i64::MAX)
}
