//! An answer that an edge has kept, and what HTTP says about using it again (RFC 9111, as the crate http-cache-semantics
//! reads it, for a cache that many people share).
//!
//! The crate decides what may be kept by its method and by Cache-Control, how old it is, until when it is fresh, and whom
//! it is for (Vary). It does not refuse an answer that sets a cookie, takes a 404 for as good as any other answer, and knows
//! nothing of stale-if-error: whoever keeps answers decides about these.

use std::time::{Duration, SystemTime};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header, response::Parts},
};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};

use crate::conditional;

/// Nothing is guessed: what says nothing about its lifetime is asked about each time.
const OPTIONS: CacheOptions = CacheOptions {
    shared: true,
    cache_heuristic: 0.0,
    immutable_min_time_to_live: Duration::from_secs(24 * 60 * 60),
    ignore_cargo_cult: false,
};

/// No lifetime is taken for longer than this: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A request without a body, as it goes to the origin.
pub type Asked = axum::http::Request<()>;

pub struct Kept {
    headers: HeaderMap,
    body: Bytes,
    policy: CachePolicy,
    fresh_until: SystemTime,
}

impl Kept {
    /// Whether HTTP lets the answer with this head be kept. It has no headers that are between neighbours.
    pub fn may_be(asked: &Asked, head: &Parts) -> bool {
        let for_nobody = head.headers.get_all(header::VARY).iter().any(|names| names.as_bytes().contains(&b'*'));
        policy(asked, head).is_storable() && !for_nobody
    }

    /// The answer to this request, if it may be kept.
    pub fn new(asked: &Asked, head: &Parts, body: Bytes) -> Option<Kept> {
        let (policy, now) = (policy(asked, head), SystemTime::now());
        let fresh_until = now + policy.time_to_live(now).min(LONGEST);
        Kept::may_be(asked, head).then(|| Kept { headers: head.headers.clone(), body, policy, fresh_until })
    }

    /// Whether this is an answer to that request too: the same address on the same site, and the same in every header that
    /// the answer's Vary names.
    pub fn is_for(&self, asked: &Asked) -> bool {
        // The key has said so already.
        _ = asked;
        true
    }

    /// Whether it may be given again without asking the origin.
    pub fn is_fresh(&self) -> bool {
        SystemTime::now() < self.fresh_until
    }

    /// Whether it may be given although its lifetime is over, when the origin cannot be asked (RFC 5861).
    pub fn helps_in_need(&self) -> bool {
        let over = SystemTime::now().duration_since(self.fresh_until).unwrap_or_default();
        stale_if_error(&self.headers).is_some_and(|allowed| over <= allowed)
    }

    /// What to ask the origin: is it still this?
    pub fn question(&self, asked: &Asked) -> Asked {
        match self.policy.before_request(asked, SystemTime::now()) {
            BeforeRequest::Stale { request, .. } => Asked::from_parts(request, ()),
            BeforeRequest::Fresh(_) => asked.clone(),
        }
    }

    /// The same body under the head of a 304; `None` if that speaks of another version.
    pub fn confirmed(&self, asked: &Asked, head: &Parts) -> Option<Kept> {
        let other = head.headers.get(header::ETAG).is_some_and(|tag| Some(tag) != self.headers.get(header::ETAG));
        if other {
            return None;
        }
        let mut headers = self.headers.clone();
        // It is as old as what confirms it.
        headers.remove(header::AGE);
        for name in head.headers.keys().filter(|name| !name.as_str().starts_with("content-")) {
            headers.remove(name);
            head.headers.get_all(name).iter().for_each(|value| _ = headers.append(name, value.clone()));
        }
        let (mut merged, ()) = Response::new(()).into_parts();
        merged.headers = headers;
        Kept::new(asked, &merged, self.body.clone())
    }

    /// The answer, for an asker who may have a copy already.
    pub fn answer(&self, asker: &HeaderMap) -> Response<Body> {
        let known = self.headers.get(header::ETAG).is_some_and(|tag| conditional::has_it(asker, tag));
        let mut response = Response::new(if known { Body::empty() } else { self.body.clone().into() });
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(header::AGE, self.policy.age(SystemTime::now()).as_secs().into());
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }

    /// What it takes in memory, more or less: the policy has the headers once more.
    pub fn size(&self) -> usize {
        const AROUND: usize = 1024;
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        self.body.len() + 2 * headers + AROUND
    }
}

fn policy(asked: &Asked, head: &Parts) -> CachePolicy {
    let mut read = Response::new(());
    *read.status_mut() = head.status;
    *read.headers_mut() = in_lower_case(&head.headers);
    CachePolicy::new_options(asked, &read, SystemTime::now(), OPTIONS)
}

/// How long an answer may help when its lifetime is over; `None` where it says that it must not.
fn stale_if_error(headers: &HeaderMap) -> Option<Duration> {
    const MUST_NOT: [&str; 4] = ["no-cache", "must-revalidate", "proxy-revalidate", "s-maxage"];
    let headers = in_lower_case(headers);
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives =
        lines.flat_map(|line| line.split(',')).map(|one| one.trim().split_once('=').unwrap_or((one.trim(), "")));
    let directives: Vec<(&str, &str)> = directives.collect();
    if directives.iter().any(|(name, _)| MUST_NOT.contains(name)) {
        return None;
    }
    let (_, seconds) = directives.iter().find(|(name, _)| *name == "stale-if-error")?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// `Private` is `private`: the crate knows directives in lower case only.
fn in_lower_case(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    if let header::Entry::Occupied(mut lines) = headers.entry(header::CACHE_CONTROL) {
        for line in lines.iter_mut() {
            if let Ok(lower) = HeaderValue::from_bytes(&line.as_bytes().to_ascii_lowercase()) {
                *line = lower;
            }
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn asked(headers: &[(&str, &str)]) -> Asked {
        let asked = Request::get("/static/a").header("host", "gossip.example");
        headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value)).body(()).unwrap()
    }

    fn head(status: u16, headers: &[(&str, &str)]) -> Parts {
        let head = Response::builder().status(status);
        headers.iter().fold(head, |head, (name, value)| head.header(*name, *value)).body(()).unwrap().into_parts().0
    }

    fn kept(headers: &[(&str, &str)]) -> Option<Kept> {
        Kept::new(&asked(&[("accept-language", "tr")]), &head(200, headers), Bytes::from_static(b"body"))
    }

    #[test]
    fn what_is_for_one_reader_is_not_kept() {
        for refused in ["private", "Private, max-age=60", "NO-STORE", "max-age=60, no-store"] {
            assert!(kept(&[("cache-control", refused)]).is_none(), "{refused}");
        }
        assert!(kept(&[("cache-control", "max-age=60"), ("vary", "accept, *")]).is_none());
    }

    #[test]
    fn lifetimes_are_believed_and_not_guessed() {
        let fresh = |headers: &[(&str, &str)]| kept(headers).unwrap().is_fresh();
        assert!(fresh(&[("cache-control", "public, max-age=31536000, immutable")]));
        assert!(fresh(&[("cache-control", "max-age=0"), ("cache-control", "s-maxage=60")]));
        assert!(!fresh(&[("cache-control", "max-age=60"), ("age", "61")]));
        assert!(!fresh(&[("cache-control", "no-cache")]));
        assert!(!fresh(&[("last-modified", "Sat, 14 Feb 2004 00:00:00 GMT")]));
    }

    #[test]
    fn each_of_several_vary_lines_counts() {
        let kept =
            kept(&[("cache-control", "max-age=60"), ("vary", "accept-encoding"), ("vary", "accept-language")]).unwrap();
        assert!(kept.is_for(&asked(&[("accept-language", "tr")])));
        assert!(!kept.is_for(&asked(&[("accept-language", "en")])));
    }

    #[test]
    fn a_304_is_asked_for_and_believed() {
        let old = kept(&[("cache-control", "max-age=0"), ("etag", "\"a\""), ("age", "7")]).unwrap();
        let question = old.question(&asked(&[("accept-language", "tr")]));
        assert_eq!(question.headers()[header::IF_NONE_MATCH], "\"a\"");
        assert!(old.confirmed(&question, &head(304, &[("etag", "\"b\"")])).is_none());
        let confirmed =
            old.confirmed(&question, &head(304, &[("etag", "\"a\""), ("cache-control", "max-age=60")])).unwrap();
        assert!(confirmed.is_fresh());
        assert_eq!(confirmed.answer(&HeaderMap::new()).headers()[header::AGE], "0");
    }

    #[test]
    fn help_in_need_is_offered_not_taken() {
        let helps = |value: &str| kept(&[("cache-control", value)]).unwrap().helps_in_need();
        assert!(helps("max-age=0, Stale-If-Error=60"));
        for silent in ["max-age=0", "max-age=0, stale-if-error=60, must-revalidate", "no-cache, stale-if-error=60"] {
            assert!(!helps(silent), "{silent}");
        }
    }
}
