//! Who is logged in: sessions in the database, which every server asks at every request, and the cookie that names one.
//! Nothing about them is kept in this process, so any server can take any request, also one that just started.

use std::time::Duration;

use axum::{extract::FromRequestParts, http::request::Parts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{
    db::{self, WriteTransaction},
    error::AppError,
    site::{Shared, Site},
    user::User,
};

const COOKIE: &str = "session";

/// What is over is swept out this often; more often if sessions are shorter than that, but not without a pause.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
const SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// Rows deleted at once. The write lock is held for a few milliseconds, and those who publish do not notice.
const SWEEP_ROWS: i64 = 1_000;

/// Logs the browser in, under a new id: one that was known before the login may be known to somebody else. The session
/// that the browser had is over.
pub async fn start(site: &Site, jar: CookieJar, user: User) -> Result<CookieJar, AppError> {
    let id = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let lasts = i64::try_from(site.config.session_ttl.as_millis()).unwrap_or(i64::MAX);
    let mut tx = site.db.begin_write().await?;
    if let Some(cookie) = jar.get(COOKIE) {
        delete(&mut tx, cookie.value()).await?;
    }
    sqlx::query("insert into sessions (id_hash, user_id, expires_at) values (?, ?, ?)")
        .bind(hash(&id))
        .bind(user.id)
        .bind(db::now().saturating_add(lasts))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(jar.add(cookie(site, id)))
}

/// Logs the browser out, on every server at once.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    if let Some(cookie) = jar.get(COOKIE) {
        let mut tx = site.db.begin_write().await?;
        delete(&mut tx, cookie.value()).await?;
        tx.commit().await?;
    }
    Ok(jar.remove(cookie(site, String::new())))
}

/// `None` is a stranger; an error means that nobody knows, and must not be taken for a stranger.
async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(cookie) = jar.get(COOKIE) else {
        return Ok(None);
    };
    // Goes back to the others at the end of this function: the handler will want one of its own.
    let mut connection = site.db.connect().await?;
    let row: Option<(i64, String)> = sqlx::query_as(
        "select users.id, users.name from sessions join users on users.id = sessions.user_id
         where sessions.id_hash = ? and sessions.expires_at > ?",
    )
    .bind(hash(cookie.value()))
    .bind(db::now())
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|(id, name)| User { id, name }))
}

async fn delete(tx: &mut WriteTransaction, id: &str) -> Result<(), AppError> {
    sqlx::query("delete from sessions where id_hash = ?").bind(hash(id)).execute(&mut **tx).await?;
    Ok(())
}

/// What the database knows of an id. A fast hash is enough, and needed at every request: nobody tries out 2^256 ids.
fn hash(id: &str) -> Vec<u8> {
    Sha256::digest(id).to_vec()
}

/// Deletes sessions that are over, as long as the server lives. Each server does so; what another one has deleted already
/// is no loss.
pub async fn sweep_forever(site: Shared) {
    let every = site.config.session_ttl.clamp(SWEEP_PAUSE, SWEEP_EVERY);
    loop {
        match sweep(&site).await {
            Ok(rows) => tracing::debug!(rows, "swept out sessions that were over"),
            Err(error) => tracing::warn!(%error, "sessions that are over stay until the next sweep"),
        }
        sleep(every).await;
    }
}

async fn sweep(site: &Site) -> Result<u64, AppError> {
    let now = db::now();
    let mut rows = 0;
    loop {
        // No `delete … limit`: databases do not agree on it. The end of the next thousand is a time as well.
        let mut connection = site.db.connect().await?;
        let portion: Option<i64> = sqlx::query_scalar(
            "select expires_at from sessions where expires_at <= ? order by expires_at limit 1 offset ?",
        )
        .bind(now)
        .bind(SWEEP_ROWS)
        .fetch_optional(&mut *connection)
        .await?;
        drop(connection);

        let mut tx = site.db.begin_write().await?;
        let done = sqlx::query("delete from sessions where expires_at <= ?")
            .bind(portion.unwrap_or(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        rows += done.rows_affected();
        if portion.is_none() {
            return Ok(rows);
        }
    }
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
