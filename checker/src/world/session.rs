//! The cookie that says who somebody is: found, presented by others, and its attributes.

use std::{collections::BTreeMap, time::Duration};

use cookie::{Cookie, SameSite, time::OffsetDateTime};

use super::{
    encoding::{base64, base64_url, hex},
    http::{Browser, Request, Seen, quoted},
    loot::Loot,
};
use crate::story::{Stop, failed};

/// The cookie without which somebody is a stranger.
pub struct SessionCookie {
    pub name: String,
    pub value: String,
    /// Others that came with it.
    rest: BTreeMap<String, String>,
}

impl Browser {
    pub async fn session_cookie(&self) -> Result<SessionCookie, Stop> {
        let why = "What says who somebody is, is a cookie.";
        for (name, value) in self.cookies() {
            let mut without = self.clone();
            without.forget_cookies();
            let rest = self.cookies().iter().filter(|(other, _)| *other != name);
            let rest: BTreeMap<_, _> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
            rest.iter().for_each(|(name, value)| without.set_cookie(name, value));
            let is_needed = self.cookies().len() == 1
                || without
                    .sends(&Request::get("/"))
                    .await
                    .expect_page("The feed is for everybody.")?
                    .greets()
                    .is_none();
            if is_needed {
                return Ok(SessionCookie { name: name.clone(), value: value.clone(), rest });
            }
        }
        failed("whoever logs in gets a cookie, and is a stranger without it", "there is no such cookie", why)
    }

    pub fn expect_same_cookies(&self, before: &BTreeMap<String, String>, why: &str) -> Result<(), Stop> {
        if self.cookies() == before {
            return Ok(());
        }
        let gone = before.keys().find(|name| !self.cookies().contains_key(*name));
        let saw = gone.map_or("another one was set".to_owned(), |name| format!("the cookie {name} was removed"));
        failed("the browser's cookies stay as they are", saw, why)
    }
}

impl SessionCookie {
    /// Whoever presents one of these values is a stranger.
    pub async fn expect_nobody(&self, who: &Browser, act: &str, values: &[String], why: &str) -> Result<(), Stop> {
        let moment = who.timeline().begin(format!("{} {act}: {} cookies", who.name, values.len()));
        for value in values {
            let mut forger = who.clone();
            forger.forget_cookies();
            self.rest.iter().for_each(|(name, value)| forger.set_cookie(name, value));
            forger.set_cookie(&self.name, value);
            let seen = forger.sends(&Request::get("/")).await;
            let expected = format!("200 and a stranger's page for the cookie {}={}", self.name, quoted(value));
            match seen.page() {
                Some(page) if page.status == 200 && page.greets().is_none() => {}
                _ => {
                    moment.end(seen.summary());
                    return failed(expected, seen.summary(), why);
                }
            }
        }
        moment.end("a stranger each time");
        Ok(())
    }

    /// As it was set: out of reach for scripts, and for other sites' forms.
    pub fn expect_guarded(&self, set: &Seen) -> Result<(), Stop> {
        let cookie = self.among(set)?;
        if cookie.http_only() != Some(true) {
            let why = "A script that gets into the page reads it, and whoever wrote the script is that reader.";
            return failed("HttpOnly", shown(&cookie), why);
        }
        if !matches!(cookie.same_site(), Some(SameSite::Lax | SameSite::Strict)) {
            return failed(
                "SameSite=Lax or Strict",
                shown(&cookie),
                "Else browsers send it along with other sites' forms.",
            );
        }
        if cookie.secure() != Some(true) {
            let why = "ORIGIN is https: without it, the cookie also travels where everybody on the way can read it.";
            return failed("Secure", shown(&cookie), why);
        }
        if cookie.path() != Some("/") {
            return failed("Path=/", shown(&cookie), "Else the browser sends it to some pages and not to others.");
        }
        Ok(())
    }

    /// As it was set: a browser keeps it so long at least, if it is left open.
    pub fn expect_kept_for(&self, set: &Seen, least: Duration, why: &str) -> Result<(), Stop> {
        let cookie = self.among(set)?;
        let ends = cookie.expires_datetime().map(|end| end - OffsetDateTime::now_utc());
        match cookie.max_age().or(ends) {
            Some(kept) if kept < least => {
                failed("a cookie that ends with the browser, or after SESSION_TTL", shown(&cookie), why)
            }
            _ => Ok(()),
        }
    }

    /// A browser removes a cookie only if path and domain are those with which it was set.
    pub fn expect_removed_where_it_was_set(&self, set: &Seen, removed: &Seen) -> Result<(), Stop> {
        let (set, Ok(removed)) = (self.among(set)?, self.among(removed)) else {
            // Whoever leaves it in the browser has ended it on the server, which others look at.
            return Ok(());
        };
        if (set.path(), set.domain()) == (removed.path(), removed.domain()) {
            return Ok(());
        }
        let why = "Else the browser keeps the old one beside it, and goes on sending that.";
        failed(format!("it is removed as it was set: {}", shown(&set)), shown(&removed), why)
    }

    fn among(&self, seen: &Seen) -> Result<Cookie<'static>, Stop> {
        let page = seen.expect_answer("A login is answered.")?;
        match page.set_cookies().into_iter().find(|cookie| cookie.name() == self.name) {
            Some(cookie) => Ok(cookie),
            None => failed(format!("the answer sets the cookie {}", self.name), "it does not", "A login sets it."),
        }
    }

    /// The cookie is not signed with a key that is among these values.
    pub fn expect_no_key_among(&self, loot: &Loot, why: &str) -> Result<(), Stop> {
        let is_separator = |(_, character): &(usize, char)| !character.is_ascii_alphanumeric();
        for (at, separator) in self.value.char_indices().filter(is_separator) {
            let (payload, signature) = (&self.value[..at], &self.value[at + separator.len_utf8()..]);
            for signed in loot.signatures_of(payload) {
                if [hex(&signed), base64(&signed), base64_url(&signed)].iter().any(|own| own == signature) {
                    return failed(
                        "the cookie cannot be made from what is in the database",
                        "it is signed (HMAC-SHA256) with a key that lies there",
                        why,
                    );
                }
            }
        }
        Ok(())
    }
}

/// Without its value, which differs in each run.
fn shown(cookie: &Cookie<'_>) -> String {
    let mut cookie = cookie.clone();
    cookie.set_value("…");
    cookie.to_string()
}
