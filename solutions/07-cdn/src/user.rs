//! Users: register, log in, log out.

use askama::Template;
use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::cookie::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{db, error::AppError, front::Block, page, password, session, session::Visitor, site::Shared};

const NAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=20;
/// The upper bound keeps a login's cost bounded, too.
const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=200;

pub fn router() -> Router<Shared> {
    Router::new()
        .route("/register", get(show_register).post(register))
        .route("/login", get(show_login).post(log_in))
        .route("/logout", post(log_out))
}

#[derive(Clone)]
pub struct User {
    pub id: i64,
    pub name: String,
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    me: Option<&'a str>,
    name: &'a str,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    me: Option<&'a str>,
    name: &'a str,
    problem: Option<&'a str>,
}

async fn show_register(visitor: Visitor) -> Result<Response, AppError> {
    page::show(StatusCode::OK, &RegisterPage { me: visitor.name(), name: "", problem: None })
}

async fn register(
    State(site): State<Shared>,
    jar: CookieJar,
    Form(form): Form<Credentials>,
) -> Result<Response, AppError> {
    let refuse = |problem: &str| {
        let page = RegisterPage { me: None, name: &form.name, problem: Some(problem) };
        page::show(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let Some(name) = canonical_name(&form.name) else {
        return refuse("A name is 2 to 20 letters a–z, digits, dots, hyphens or underscores.");
    };
    if !PASSWORD_LENGTH.contains(&form.password.expose_secret().chars().count()) {
        return refuse("A password has 8 to 200 characters.");
    }
    let hash = password::hash(form.password.clone()).await?;

    let mut tx = site.db.begin_write().await?;
    let inserted = sqlx::query("insert into users (name, password_hash, created_at) values (?, ?, ?)")
        .bind(&name)
        .bind(hash)
        .bind(db::now())
        .execute(&mut *tx)
        .await;
    match inserted {
        Ok(done) => {
            let change = site.cache.change(&[Block::NewUsers, Block::Counts]);
            tx.commit().await?;
            change.announce().await;
            let user = User { id: db::last_id(&done), name };
            let jar = session::start(&site, jar, user).await?;
            Ok((jar, Redirect::to("/")).into_response())
        }
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => refuse("That name is taken."),
        Err(error) => Err(error.into()),
    }
}

async fn show_login(visitor: Visitor) -> Result<Response, AppError> {
    page::show(StatusCode::OK, &LoginPage { me: visitor.name(), name: "", problem: None })
}

async fn log_in(
    State(site): State<Shared>,
    jar: CookieJar,
    Form(form): Form<Credentials>,
) -> Result<Response, AppError> {
    let known = match canonical_name(&form.name) {
        Some(name) => find_with_hash(&site, &name).await?,
        None => None,
    };
    let (user, hash) = known.unzip();
    // A password that is too long is nobody's; hashing it would let a stranger set the price of a login.
    let plausible = form.password.expose_secret().chars().count() <= *PASSWORD_LENGTH.end();
    let fits = plausible && password::verify(form.password, hash).await?;
    match user.filter(|_| fits) {
        Some(user) => {
            let jar = session::start(&site, jar, user).await?;
            Ok((jar, Redirect::to("/")).into_response())
        }
        None => {
            let page = LoginPage { me: None, name: &form.name, problem: Some("Name or password is wrong.") };
            page::show(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn log_out(State(site): State<Shared>, jar: CookieJar) -> Result<Response, AppError> {
    let jar = session::end(&site, jar).await?;
    Ok((jar, Redirect::to("/")).into_response())
}

async fn find_with_hash(site: &Shared, name: &str) -> Result<Option<(User, String)>, AppError> {
    let mut connection = site.db.connect().await?;
    let row: Option<(i64, String)> = sqlx::query_as("select id, password_hash from users where name = ?")
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(row.map(|(id, hash)| (User { id, name: name.to_owned() }, hash)))
}

/// `Alice` and `alice ` are one person: names are kept trimmed and in lower case.
fn canonical_name(typed: &str) -> Option<String> {
    let name = typed.trim().to_ascii_lowercase();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (NAME_LENGTH.contains(&name.len()) && name.chars().all(allowed)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::canonical_name;

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(canonical_name(" Alice\t").as_deref(), Some("alice"));
        assert_eq!(canonical_name("a"), None);
        assert_eq!(canonical_name("alice/../bob"), None);
        assert_eq!(canonical_name("álice"), None);
    }
}
