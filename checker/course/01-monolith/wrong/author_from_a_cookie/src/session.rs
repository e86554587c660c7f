//! Who is logged in: sessions in this process's memory, and the cookie that names one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::{
    error::AppError,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";
/// So that pages need not ask who somebody is.
pub const NAME_COOKIE: &str = "name";

/// A session nobody ends, ends by itself.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Written at login and logout, read by every request.
#[derive(Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<String, Session>>,
}

struct Session {
    user: User,
    ends: Instant,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        // Every change is a single call on the map, so a panic elsewhere leaves it whole.
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs the browser in, under a new id: one that was known before the login may be known to somebody else. The session
/// that the browser had is over.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    let jar = end(site, jar).await?;
    let id = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let now = Instant::now();
    let mut sessions = site.sessions.lock();
    sessions.retain(|_, session| session.ends > now);
    let mut name = cookie(site, user.name.clone());
    name.set_name(NAME_COOKIE);
    sessions.insert(id.clone(), Session { user, ends: now + LIFETIME });
    Ok(jar.add(cookie(site, id)).add(name))
}

/// Logs the browser out.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    if let Some(cookie) = jar.get(COOKIE) {
        site.sessions.lock().remove(cookie.value());
    }
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(cookie) = jar.get(COOKIE) else {
        return Ok(None);
    };
    let sessions = site.sessions.lock();
    let session = sessions.get(cookie.value()).filter(|session| session.ends > Instant::now());
    Ok(session.map(|session| session.user.clone()))
}

/// No script may read it, and no other site can make the browser send it with a form.
fn cookie(site: &Site, id: String) -> Cookie<'static> {
    Cookie::build((COOKIE, id))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(site.config.secure_cookies())
        .build()
}

/// Whoever looks at the page; handlers that take a `User` instead send strangers to the login.
pub struct Visitor(pub Option<User>);

impl Visitor {
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|user| user.name.as_str())
    }
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, AppError> {
        find(site, &CookieJar::from_headers(&parts.headers)).await.map(Visitor)
    }
}

impl FromRequestParts<Shared> for User {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, AppError> {
        Visitor::from_request_parts(parts, site).await?.0.ok_or(AppError::NeedsLogin)
    }
}
