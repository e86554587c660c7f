//! Who is logged in: sessions in memory, where they cost nothing, and in the database, where they outlive us.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

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

/// Written at login and logout, read by every request.
#[derive(Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<Vec<u8>, Session>>,
}

struct Session {
    user: User,
    expires_at: i64,
}

impl Sessions {
    /// All that are stored and not over.
    pub async fn load(db: &Db) -> anyhow::Result<Sessions> {
        let mut connection = db.connect().await?;
        let rows: Vec<(Vec<u8>, i64, String, i64)> = sqlx::query_as(
            "select id_hash, users.id, users.name, expires_at
             from sessions join users on users.id = sessions.user_id where expires_at > ?",
        )
        .bind(db::now())
        .fetch_all(&mut *connection)
        .await?;
        let sessions = rows
            .into_iter()
            .map(|(hash, id, name, expires_at)| (hash, Session { user: User { id, name }, expires_at }))
            .collect();
        Ok(Sessions { by_id: Mutex::new(sessions) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Session>> {
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
    let mut tx = site.db.begin_write().await?;
    sqlx::query("delete from sessions where expires_at <= ?").bind(db::now()).execute(&mut *tx).await?;
    sqlx::query("insert into sessions (id_hash, user_id, expires_at) values (?, ?, ?)")
        .bind(hash(&id))
        .bind(user.id)
        .bind(expires_at)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    site.sessions.lock().insert(hash(&id), Session { user, expires_at });
    Ok(jar.add(cookie(site, id)))
}

/// Logs the browser out.
pub async fn end(site: &Site, jar: CookieJar) -> Result<CookieJar, AppError> {
    if let Some(cookie) = jar.get(COOKIE) {
        let mut tx = site.db.begin_write().await?;
        sqlx::query("delete from sessions where id_hash = ?").bind(hash(cookie.value())).execute(&mut *tx).await?;
        tx.commit().await?;
        site.sessions.lock().remove(&hash(cookie.value()));
    }
    Ok(jar.remove(cookie(site, String::new())))
}

async fn find(site: &Site, jar: &CookieJar) -> Result<Option<User>, AppError> {
    let Some(cookie) = jar.get(COOKIE) else {
        return Ok(None);
    };
    let sessions = site.sessions.lock();
    let session = sessions.get(&hash(cookie.value())).filter(|session| session.expires_at > db::now());
    Ok(session.map(|session| session.user.clone()))
}

/// What the database knows of an id.
fn hash(id: &str) -> Vec<u8> {
    Sha256::digest(id).to_vec()
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
