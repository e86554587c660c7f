//! A page as its reader has it, and what a user saw of a request.

use std::{sync::Arc, time::Duration};

use cookie::Cookie;
use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
};

use super::html::Html;
use crate::story::{Stop, failed};

/// What a user saw of a request.
#[derive(Clone, Debug)]
pub enum Seen {
    Answered(Arc<Page>),
    /// It was not taken: nothing happened.
    Refused(String),
    /// It was sent and not answered: it may have happened.
    Unsure(String),
}

#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub html: Html,
    /// From the request to the last byte.
    pub took: Duration,
}

impl Seen {
    /// In a few words, for the timeline.
    pub fn summary(&self) -> String {
        match self {
            Seen::Answered(page) => page.summary(),
            Seen::Refused(why) => format!("refused: {why}"),
            Seen::Unsure(why) => format!("no answer: {why}"),
        }
    }

    pub fn page(&self) -> Option<&Page> {
        match self {
            Seen::Answered(page) => Some(page),
            Seen::Refused(_) | Seen::Unsure(_) => None,
        }
    }

    /// Told to come back later; nothing has happened.
    pub fn is_sent_away(&self) -> bool {
        self.status() == Some(503)
    }

    pub fn status(&self) -> Option<u16> {
        self.page().map(|page| page.status.as_u16())
    }

    /// Any answer at all.
    pub fn expect_answer(&self, why: &str) -> Result<Arc<Page>, Stop> {
        match self {
            Seen::Answered(page) => Ok(page.clone()),
            Seen::Refused(_) | Seen::Unsure(_) => failed("an answer", self.summary(), why),
        }
    }

    pub fn expect_status(&self, status: u16, why: &str) -> Result<Arc<Page>, Stop> {
        let page = self.expect_answer(why)?;
        if page.status.as_u16() == status { Ok(page) } else { failed(status.to_string(), self.summary(), why) }
    }

    /// A page, as it should be: 200.
    pub fn expect_page(&self, why: &str) -> Result<Arc<Page>, Stop> {
        self.expect_status(200, why)
    }

    /// 303, or 302 as people wrote it then; returns where to.
    pub fn expect_redirect(&self, why: &str) -> Result<String, Stop> {
        let page = self.expect_answer(why)?;
        match (page.status.as_u16(), page.location()) {
            (302 | 303, Some(to)) => Ok(to.to_owned()),
            _ => failed("303, to the page that comes next", self.summary(), why),
        }
    }

    pub fn expect_redirect_to(&self, path: &str, why: &str) -> Result<(), Stop> {
        let to = self.expect_redirect(why)?;
        if path_of(&to) == path { Ok(()) } else { failed(format!("303 to {path}"), self.summary(), why) }
    }
}

impl Page {
    pub fn summary(&self) -> String {
        let status = self.status.as_u16();
        if let Some(to) = self.location() {
            return format!("{status} to {to}");
        }
        let posts = self.html.all("article").count();
        match (self.greets(), posts) {
            _ if !self.is_html() => format!("{status}, {} bytes", self.body.len()),
            (Some(name), 0) => format!("{status}, greets {name}"),
            (Some(name), posts) => format!("{status}, greets {name}, {posts} posts"),
            (None, 0) => format!("{status}, greets nobody"),
            (None, posts) => format!("{status}, greets nobody, {posts} posts"),
        }
    }

    pub fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// It says that it is for its reader alone.
    pub fn expect_for_nobody_else(&self, why: &str) -> Result<(), Stop> {
        let said = self.header("cache-control").unwrap_or("nothing");
        let is_own = said.to_ascii_lowercase().split(',').any(|one| matches!(one.trim(), "private" | "no-store"));
        if is_own { Ok(()) } else { failed("a page says Cache-Control: private or no-store", said, why) }
    }

    /// Whom the page takes its reader for.
    pub fn greets(&self) -> Option<String> {
        self.html.by_id("me").map(|element| element.text.trim().to_owned())
    }

    /// The text of each post, in the order of the page, with white space as a reader sees it.
    pub fn posts(&self) -> Vec<String> {
        self.html.all("article").map(|article| collapsed(&article.text)).collect()
    }

    /// Where on the page a post with this text stands, from 0.
    pub fn place_of(&self, content: &str) -> Option<usize> {
        let content = collapsed(content);
        self.posts().iter().position(|post| post.contains(&content))
    }

    /// How many posts have this text.
    pub fn count_of(&self, content: &str) -> usize {
        let content = collapsed(content);
        self.posts().iter().filter(|post| post.contains(&content)).count()
    }

    pub fn set_cookies(&self) -> Vec<Cookie<'static>> {
        set_cookies(&self.headers)
    }

    pub fn expect_greets(&self, name: &str, why: &str) -> Result<(), Stop> {
        let expected = format!("the page greets {name} (the element with id \"me\")");
        match self.greets() {
            Some(greeted) if greeted == name => Ok(()),
            Some(greeted) => failed(expected, format!("it greets {greeted}"), why),
            None => failed(expected, "a stranger's page: it greets nobody", why),
        }
    }

    pub fn expect_stranger(&self, why: &str) -> Result<(), Stop> {
        match self.greets() {
            None => Ok(()),
            Some(greeted) => failed("a stranger's page: it greets nobody", format!("it greets {greeted}"), why),
        }
    }

    pub fn expect_post(&self, content: &str, why: &str) -> Result<usize, Stop> {
        match self.place_of(content) {
            Some(place) => Ok(place),
            None => {
                let saw = format!("{} posts, none of them that one", self.posts().len());
                failed(format!("the page has {}", quoted(content)), saw, why)
            }
        }
    }
}

pub(super) fn set_cookies(headers: &HeaderMap) -> Vec<Cookie<'static>> {
    let values = headers.get_all(header::SET_COOKIE).iter();
    values.filter_map(|value| Cookie::parse(value.to_str().ok()?.to_owned()).ok()).collect()
}

/// Text as a story shows it: short, on one line.
pub fn quoted(text: &str) -> String {
    format!("“{}”", beginning(text).unwrap_or_else(|| collapsed(text)))
}

/// The same of what somebody typed: where that is not all of it, with its length.
pub fn quoted_at_length(text: &str) -> String {
    match beginning(text) {
        Some(_) => format!("{} ({} characters)", quoted(text), text.chars().count()),
        None => quoted(text),
    }
}

/// Of a text that is too long for a story.
fn beginning(text: &str) -> Option<String> {
    const SHOWN: usize = 60;
    let line = collapsed(text);
    let shown: String = line.chars().take(SHOWN).collect();
    (shown.len() < line.len()).then(|| shown + "…")
}

/// Runs of white space as one space, as a browser shows them.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Of `/login` and of `http://127.0.0.1:8000/login` alike.
fn path_of(location: &str) -> &str {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => location,
    }
}
