//! Who is logged in: the cookie has the number of whoever it is, in a form that nobody recognises.

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::{
    error::AppError,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";

/// Makes ids look like nothing in particular.
const DISGUISE: i64 = 0x3a7c_15e9_4b1d_0f60;

fn disguised(id: i64) -> String {
    format!("{:016x}", id ^ DISGUISE)
}

fn revealed(value: &str) -> Option<i64> {
    i64::from_str_radix(value, 16).ok().map(|id| id ^ DISGUISE)
}

/// Logs the browser in.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    Ok(jar.add(cookie(site, disguised(user.id))))
}

/// Logs the browser out.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(id) = jar.get(COOKIE).and_then(|cookie| revealed(cookie.value())) else {
        return Ok(None);
    };
    let mut connection = site.db.connect().await?;
    let name: Option<String> =
        sqlx::query_scalar("select name from users where id = ?").bind(id).fetch_optional(&mut *connection).await?;
    Ok(name.map(|name| User { id, name }))
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
