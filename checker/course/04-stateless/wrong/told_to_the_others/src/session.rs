//! Who is logged in: sessions in the memory of each server, which tell each other what happens to them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::{
    db,
    error::AppError,
    peer,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";

/// Written at login and logout, read by every request.
#[derive(Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<String, Session>>,
}

struct Session {
    user: User,
    expires_at: i64,
}

impl Sessions {
    pub fn begin(&self, id: String, user: User, expires_at: i64) {
        let now = db::now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.expires_at > now);
        sessions.insert(id, Session { user, expires_at });
    }

    pub fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        // Every change is a single call on the map, so a panic elsewhere leaves it whole.
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs the browser in, under a new id. The session that the browser had is over.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    let jar = end(site, jar).await?;
    let id = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let lasts = i64::try_from(site.config.session_ttl.as_millis()).unwrap_or(i64::MAX);
    let expires_at = db::now().saturating_add(lasts);
    peer::tell(site, &format!("begin/{id}/{}/{}/{expires_at}", user.id, user.name)).await?;
    site.sessions.begin(id.clone(), user, expires_at);
    Ok(jar.add(cookie(site, id)))
}

/// Logs the browser out.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    // What is in a cookie can be anything, and this goes into an address.
    if let Some(cookie) = jar.get(COOKIE)
        && cookie.value().bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        peer::tell(site, &format!("end/{}", cookie.value())).await?;
        site.sessions.end(cookie.value());
    }
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(cookie) = jar.get(COOKIE) else {
        return Ok(None);
    };
    let sessions = site.sessions.lock();
    let session = sessions.get(cookie.value()).filter(|session| session.expires_at > db::now());
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
