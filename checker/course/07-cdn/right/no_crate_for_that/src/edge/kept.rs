//! An answer that an edge has kept. No library: `public` with a lifetime in seconds is what files here say, and whatever says
//! something else is not kept.

use std::time::{Duration, Instant};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, Response, StatusCode, header, response::Parts},
};

use crate::conditional;

/// A request without a body, as it goes to the origin.
pub type Asked = axum::http::Request<()>;

pub struct Kept {
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
    made: Instant,
    lifetime: Duration,
}

impl Kept {
    /// Whether this is one of ours: public, for so long, and the same for everybody but for language and coding.
    pub fn may_be(_: &Asked, head: &Parts) -> bool {
        directive(&head.headers, "public").is_some()
            && directive(&head.headers, "max-age").is_some()
            && ["no-store", "private", "no-cache"].iter().all(|no| directive(&head.headers, no).is_none())
            && named_by_vary(&head.headers).iter().all(|name| name.starts_with("accept"))
    }

    pub fn new(asked: &Asked, head: &Parts, body: Bytes) -> Option<Kept> {
        let seconds = |said: Option<String>| Duration::from_secs(said.and_then(|said| said.parse().ok()).unwrap_or(0));
        let age = head.headers.get(header::AGE).and_then(|age| age.to_str().ok()).map(str::to_owned);
        let made = Instant::now().checked_sub(seconds(age))?;
        let lifetime = seconds(directive(&head.headers, "max-age"));
        let headers = head.headers.clone();
        Kept::may_be(asked, head).then(|| Kept { asked: asked.clone(), headers, body, made, lifetime })
    }

    pub fn is_for(&self, asked: &Asked) -> bool {
        let same = |name: &str| self.asked.headers().get(name) == asked.headers().get(name);
        self.asked.uri() == asked.uri() && same("host") && named_by_vary(&self.headers).iter().all(|name| same(name))
    }

    pub fn is_fresh(&self) -> bool {
        self.made.elapsed() < self.lifetime
    }

    pub fn helps_in_need(&self) -> bool {
        let allowed = directive(&self.headers, "stale-if-error").and_then(|seconds| seconds.parse().ok());
        allowed.is_some_and(|allowed| self.made.elapsed() < self.lifetime + Duration::from_secs(allowed))
    }

    pub fn question(&self, asked: &Asked) -> Asked {
        let mut question = asked.clone();
        if let Some(tag) = self.headers.get(header::ETAG) {
            question.headers_mut().insert(header::IF_NONE_MATCH, tag.clone());
        }
        question
    }

    pub fn confirmed(&self, asked: &Asked, head: &Parts) -> Option<Kept> {
        let mut merged = head.clone();
        merged.headers = self.headers.clone();
        for name in [header::CACHE_CONTROL, header::AGE, header::DATE] {
            merged.headers.remove(&name);
            merged.headers.extend(head.headers.get(&name).map(|value| (name, value.clone())));
        }
        let same_tag = head.headers.get(header::ETAG) == self.headers.get(header::ETAG);
        Kept::new(asked, &merged, self.body.clone()).filter(|_| same_tag)
    }

    pub fn answer(&self, asker: &HeaderMap) -> Response<Body> {
        let known = self.headers.get(header::ETAG).is_some_and(|tag| conditional::has_it(asker, tag));
        let mut response = Response::new(if known { Body::empty() } else { self.body.clone().into() });
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(header::AGE, self.made.elapsed().as_secs().into());
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }

    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        self.body.len() + 2 * headers + 1024
    }
}

/// What a directive says; nothing between the quotes of one without a value.
fn directive(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let all = lines.flat_map(|line| line.split(',')).map(|one| one.trim().to_ascii_lowercase());
    let mut found = all.filter_map(|one| match one.split_once('=') {
        Some((found, value)) if found == name => Some(value.to_owned()),
        None if one == name => Some(String::new()),
        _ => None,
    });
    found.next()
}

fn named_by_vary(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(HeaderName::from_static("vary")).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}
