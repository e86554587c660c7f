//! Who is logged in: the cookie says it, its signature says that we said it, and a number that rises with each logout
//! says whether it is still true.

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
    let jar = end(site, jar).await?;
    let mut connection = site.db.connect().await?;
    let epoch: i64 =
        sqlx::query_scalar("select epoch from users where id = ?").bind(user.id).fetch_one(&mut *connection).await?;
    let claims = format!("{}~{epoch}~{}~{:032x}", user.id, expiry(site), rand::random::<u128>());
    let signature = sign(&site.key, &claims);
    Ok(jar.add(cookie(site, format!("{claims}~{signature}"))))
}

/// Logs the browser out: cookies of before have a number that is too low.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    if let Some(user) = find(site, &jar).await? {
        let mut tx = site.db.begin_write().await?;
        sqlx::query("update users set epoch = epoch + 1 where id = ?").bind(user.id).execute(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some((id, epoch)) = jar.get(COOKIE).and_then(|cookie| claimed(site, cookie.value())) else {
        return Ok(None);
    };
    let mut connection = site.db.connect().await?;
    let name: Option<String> = sqlx::query_scalar("select name from users where id = ? and epoch = ?")
        .bind(id)
        .bind(epoch)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(name.map(|name| User { id, name }))
}

/// Whose it is, and of which epoch.
fn claimed(site: &Site, token: &str) -> Option<(i64, i64)> {
    let (claims, signature) = token.rsplit_once('~')?;
    if !is_same(&sign(&site.key, claims), signature) {
        return None;
    }
    let mut claims = claims.split('~');
    let (id, epoch) = (claims.next()?.parse().ok()?, claims.next()?.parse().ok()?);
    let expires_at: i64 = claims.next()?.parse().ok()?;
    (expires_at > db::now()).then_some((id, epoch))
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
