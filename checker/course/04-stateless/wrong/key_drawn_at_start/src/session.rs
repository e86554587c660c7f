//! Who is logged in: the cookie says it, its signature says that we said it, and a list says which of them are over.

use std::time::Duration;

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{
    db,
    error::AppError,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";

const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
const SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// Logs the browser in, under a new id. The session that the browser had is over.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    let jar = end(site, jar).await?;
    let id = format!("{:032x}", rand::random::<u128>());
    let claims = format!("{}~{}~{id}~{}", user.id, user.name, expiry(site));
    let signature = sign(&site.key, &claims);
    Ok(jar.add(cookie(site, format!("{claims}~{signature}"))))
}

/// Logs the browser out: whatever copies there are of its cookie, its id is on the list.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    if let Some(claims) = jar.get(COOKIE).and_then(|cookie| claimed(site, cookie.value())) {
        let mut tx = site.db.begin_write().await?;
        // Logging out twice is no mistake.
        sqlx::query("insert into revoked (session_id, expires_at) values (?, ?) on conflict do nothing")
            .bind(&claims.session)
            .bind(claims.expires_at)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(claims) = jar.get(COOKIE).and_then(|cookie| claimed(site, cookie.value())) else {
        return Ok(None);
    };
    let mut connection = site.db.connect().await?;
    let revoked: Option<i64> = sqlx::query_scalar("select 1 from revoked where session_id = ?")
        .bind(&claims.session)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(revoked.is_none().then_some(claims.user))
}

struct Claims {
    user: User,
    session: String,
    expires_at: i64,
}

/// What a cookie says, if we said it and it is not over.
fn claimed(site: &Site, token: &str) -> Option<Claims> {
    let (claims, signature) = token.rsplit_once('~')?;
    if !is_same(&sign(&site.key, claims), signature) {
        return None;
    }
    let mut claims = claims.split('~');
    let user = User { id: claims.next()?.parse().ok()?, name: claims.next()?.to_owned() };
    let session = claims.next()?.to_owned();
    let expires_at = claims.next()?.parse().ok()?;
    (expires_at > db::now()).then_some(Claims { user, session, expires_at })
}

/// Takes off the list what is over by itself, as long as the server lives.
pub async fn sweep_forever(site: Shared) {
    let every = site.config.session_ttl.clamp(SWEEP_PAUSE, SWEEP_EVERY);
    loop {
        if let Err(error) = sweep(&site).await {
            tracing::warn!(%error, "the list of ended sessions stays as long as it is until the next sweep");
        }
        sleep(every).await;
    }
}

async fn sweep(site: &Site) -> Result<(), AppError> {
    let mut tx = site.db.begin_write().await?;
    sqlx::query("delete from revoked where expires_at <= ?").bind(db::now()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
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
