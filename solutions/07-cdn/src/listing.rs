//! Lists of posts that are longer than a page, newest first: which part of one a link asks for, and the link to what is
//! older.
//!
//! A link names the last post that its reader has seen, by time and, for those of the same millisecond, by id. An index in
//! the list's order is entered there, however far down that is, and it stays the same place while others publish.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};
use sqlx::FromRow;

use crate::feed::Entry;

/// Posts on a page.
const LENGTH: usize = 50;

/// What a link asks for: `?before=1187059441000-4711`, or nothing for the newest.
#[derive(Deserialize)]
pub struct Part {
    #[serde(default, deserialize_with = "from_text")]
    before: Place,
}

/// Right before a post, which need not exist any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub created_at: i64,
    pub id: i64,
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
    /// Everything in it is older than this.
    pub fn before(&self) -> Place {
        self.before
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
    fn place(&self) -> Place {
        Place { created_at: self.entry.created_at, id: self.id }
    }
}

impl Default for Place {
    /// Before the newest.
    fn default() -> Place {
        Place { created_at: i64::MAX, id: i64::MAX }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}-{}", self.created_at, self.id)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, Self::Err> {
        let place = || {
            // From the right: a time before 1970 begins with a hyphen.
            let (created_at, id) = text.rsplit_once('-')?;
            Some(Place { created_at: created_at.parse().ok()?, id: id.parse().ok()? })
        };
        place().ok_or("this link does not say where the page begins")
    }
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Place, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again() {
        for place in
            [Place { created_at: 1_187_059_441_000, id: 4711 }, Place { created_at: -1, id: 1 }, Place::default()]
        {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for rubbish in ["", "-", "1187059441000", "1-2-x", "1' or 1=1 --"] {
            assert!(rubbish.parse::<Place>().is_err(), "{rubbish}");
        }
    }
}
