//! Somebody with a browser that keeps what it may: the page is asked for each time, its stylesheet and its picture only when
//! no copy is good any more.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use cookie::time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{
    World,
    city::City,
    files::{CSS, SVG},
    html::Html,
    http::{Browser, Page, Request},
};
use crate::story::{Stop, failed};

/// A browser takes a copy for good for this share of the file's age, if nobody says anything else (RFC 9111, 4.2.2).
const GUESSED: f64 = 0.1;

pub struct Reader {
    pub browser: Browser,
    /// By address.
    copies: BTreeMap<String, Copy>,
}

/// What a browser keeps of an answer.
#[derive(Clone)]
struct Copy {
    body: String,
    good_until: Instant,
    tag: Option<String>,
    modified: Option<String>,
}

/// A file of a page, as its reader has it.
pub struct Loaded {
    pub name: &'static str,
    pub address: String,
    pub body: String,
    /// How long it is good, from now.
    pub lifetime: Duration,
    pub took: Duration,
    pub came: Came,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nobody was asked.
    FromOwnCopy,
    /// Somebody was asked, and the copy is still right.
    NotModified,
    Whole,
}

impl World {
    /// Somebody in this city whose browser has nothing yet.
    pub fn reader(&mut self, city: &City) -> Result<Reader, Stop> {
        Ok(Reader { browser: self.someone(&city.edge)?, copies: BTreeMap::new() })
    }
}

impl Reader {
    /// Opens the front page: which files it has, and where.
    pub async fn opens_page(&mut self) -> Result<[(&'static str, String); 2], Stop> {
        let page = self.browser.visits("/").await.expect_page("The feed is for everybody.")?;
        addresses(&page.html)
    }

    /// Loads what belongs to the page.
    pub async fn loads(&mut self, files: [(&'static str, String); 2]) -> Result<Vec<Loaded>, Stop> {
        let mut loaded = Vec::new();
        for (name, address) in files {
            loaded.push(self.load(name, address).await?);
        }
        Ok(loaded)
    }

    pub fn forgets_copies(&mut self) {
        self.copies.clear();
    }

    async fn load(&mut self, name: &'static str, address: String) -> Result<Loaded, Stop> {
        let (who, timeline) = (self.browser.name.clone(), self.browser.timeline().clone());
        let copy = self.copies.get(&address).cloned();
        if let Some(copy) = copy.as_ref().filter(|copy| copy.good_until > Instant::now()) {
            timeline.saw(format!("{who}'s browser wants {name}"), "it has a copy that is still good");
            let lifetime = copy.good_until - Instant::now();
            let (body, took) = (copy.body.clone(), Duration::ZERO);
            return Ok(Loaded { name, address, body, lifetime, took, came: Came::FromOwnCopy });
        }
        // No two browsers are the same, and no two readers.
        let mut request = Request::get(&address)
            .with_header("user-agent", &format!("{who}'s browser"))
            .with_header("accept-language", &format!("tr, en-x-{};q=0.5", &who[who.len() - 4..]));
        for (header, value) in copy.iter().flat_map(Copy::conditions) {
            request = request.with_header(header, value);
        }
        let seen = self.browser.does(format!("{who}'s browser loads {address}"), &request).await;
        let page = seen.expect_answer("The page has a stylesheet and a picture.")?;
        let (kept, came) = match (page.status.as_u16(), copy) {
            (200, _) => (Copy::of(&page), Came::Whole),
            (304, Some(copy)) => (Copy { body: copy.body, ..Copy::of(&page) }, Came::NotModified),
            _ => return failed(format!("200 for {name}"), seen.summary(), "The page names it by this address."),
        };
        let lifetime = kept.good_until.saturating_duration_since(Instant::now());
        let body = kept.body.clone();
        self.copies.insert(address.clone(), kept);
        Ok(Loaded { name, address, body, lifetime, took: page.took, came })
    }
}

impl Copy {
    fn of(page: &Page) -> Copy {
        let said = |name: &str| page.header(name).map(str::to_owned);
        Copy {
            body: page.body.clone(),
            good_until: Instant::now() + lifetime(page),
            tag: said("etag"),
            modified: said("last-modified"),
        }
    }

    fn conditions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let tag = self.tag.as_deref().map(|tag| ("if-none-match", tag));
        let modified = self.modified.as_deref().map(|modified| ("if-modified-since", modified));
        tag.into_iter().chain(modified)
    }
}

/// How long a browser may use this without asking again.
fn lifetime(page: &Page) -> Duration {
    let control = page.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    let directives: Vec<&str> = control.split(',').map(str::trim).collect();
    if directives.contains(&"no-store") || directives.contains(&"no-cache") {
        return Duration::ZERO;
    }
    let age = page.header("age").and_then(|age| age.parse().ok()).unwrap_or(0);
    if let Some(seconds) = directives.iter().find_map(|directive| directive.strip_prefix("max-age=")) {
        return Duration::from_secs(seconds.parse::<u64>().unwrap_or(0).saturating_sub(age));
    }
    let date = |name: &str| page.header(name).and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
    let now = date("date").unwrap_or(OffsetDateTime::from(SystemTime::now()));
    if page.header("expires").is_some() {
        let expires = date("expires").map(|expires| expires - now).unwrap_or_default();
        return expires.try_into().unwrap_or(Duration::ZERO);
    }
    let age: Option<Duration> = date("last-modified").and_then(|modified| (now - modified).try_into().ok());
    age.unwrap_or_default().mul_f64(GUESSED)
}

/// Under which addresses a page has its stylesheet and its picture.
pub fn addresses(html: &Html) -> Result<[(&'static str, String); 2], Stop> {
    let of = |tag: &str, attribute: &str, name: &'static str| {
        let (stem, _) = name.split_once('.').unwrap_or((name, ""));
        let attributes = html.all(tag).filter_map(|element| element.attributes.get(attribute));
        let ours: Vec<&String> = attributes.filter(|address| address.contains(stem)).collect();
        match ours.first() {
            // What stands after a # is the browser's own affair.
            Some(address) if address.starts_with("/static/") => {
                Ok((name, address.split('#').next().unwrap_or_default().to_owned()))
            }
            other => failed(
                format!("<{tag} {attribute}=\"/static/…\"> for {name}"),
                other.map_or("no such element".to_owned(), |address| format!("{attribute}=\"{address}\"")),
                "Every page has the stylesheet and the picture.",
            ),
        }
    };
    Ok([of("link", "href", CSS)?, of("img", "src", SVG)?])
}

#[cfg(test)]
mod tests {
    use reqwest::{
        StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue},
    };

    use super::*;

    fn lifetime_of(headers: &[(&'static str, &'static str)]) -> u64 {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let page = Page {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter(pairs),
            body: String::new(),
            html: Html::default(),
            took: Duration::ZERO,
        };
        lifetime(&page).as_secs()
    }

    #[test]
    fn a_browser_does_as_it_is_told_and_guesses_otherwise() {
        let (monday, ten_days_before) = ("Mon, 23 Nov 2009 12:00:00 GMT", "Fri, 13 Nov 2009 12:00:00 GMT");
        assert_eq!(lifetime_of(&[("cache-control", "public, Max-Age=60"), ("expires", monday)]), 60);
        assert_eq!(lifetime_of(&[("cache-control", "max-age=60"), ("age", "50")]), 10);
        assert_eq!(lifetime_of(&[("cache-control", "no-cache, max-age=60")]), 0);
        assert_eq!(lifetime_of(&[("expires", monday), ("date", ten_days_before)]), 10 * 86_400);
        assert_eq!(lifetime_of(&[("expires", "0"), ("last-modified", ten_days_before)]), 0);
        assert_eq!(lifetime_of(&[("last-modified", ten_days_before), ("date", monday)]), 86_400);
        assert_eq!(lifetime_of(&[]), 0);
    }
}
