//! Who is logged in: the cookie says it, and its signature says that we said it. No server has to remember anything.

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use sha2::{Digest, Sha256};

use crate::{
    db::{self, Db},
    error::AppError,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";

/// The key that cookies are signed with.
pub async fn key(db: &Db) -> anyhow::Result<[u8; 32]> {
    let mut connection = db.connect().await?;
    let key: Vec<u8> = sqlx::query_scalar("select key from cookie_key").fetch_one(&mut *connection).await?;
    key.try_into().map_err(|_| anyhow::anyhow!("the key for cookies has another length"))
}

/// Logs the browser in.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    let claims = format!("{}~{}~{}", user.id, user.name, expiry(site));
    let signature = sign(&site.key, &claims);
    Ok(jar.add(cookie(site, format!("{claims}~{signature}"))))
}

/// Logs the browser out.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    Ok(jar.get(COOKIE).and_then(|cookie| claimed(site, cookie.value())))
}

fn claimed(site: &Site, token: &str) -> Option<User> {
    let (claims, signature) = token.rsplit_once('~')?;
    if !is_same(&sign(&site.key, claims), signature) {
        return None;
    }
    let mut claims = claims.split('~');
    let (id, name) = (claims.next()?.parse().ok()?, claims.next()?.to_owned());
    let expires_at: i64 = claims.next()?.parse().ok()?;
    (expires_at > db::now()).then_some(User { id, name })
}

fn expiry(site: &Site) -> i64 {
    let lasts = i64::try_from(site.config.session_ttl.as_millis()).unwrap_or(i64::MAX);
    db::now().saturating_add(lasts)
}

/// HMAC-SHA256 (RFC 2104), in hexadecimal.
fn sign(key: &[u8; 32], text: &str) -> String {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without a hint, in its duration, at which character two signatures differ.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
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
