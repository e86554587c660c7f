//! The front page: the feed of everybody's newest posts, the form to add one, and four blocks beside them. Anyone may
//! read it. Who looks at it is known to the page alone, not to what the blocks come from.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{
    error::AppError,
    front::{self, Front},
    page,
    post::Draft,
    session::Visitor,
    site::{Shared, Site},
    user::User,
};

pub fn router() -> Router<Shared> {
    Router::new().route("/", get(show))
}

/// A post as pages show it.
#[derive(Deserialize, FromRow, Serialize)]
pub struct Entry {
    pub author: String,
    pub tag: String,
    pub content: String,
    pub created_at: i64,
}

#[derive(Template)]
#[template(path = "feed.html")]
struct FeedPage<'a> {
    me: Option<&'a str>,
    draft: &'a Draft,
    problem: Option<&'a str>,
    front: Front,
}

async fn show(State(site): State<Shared>, Visitor(visitor): Visitor) -> Result<Response, AppError> {
    show_with(&site, visitor.as_ref(), StatusCode::OK, &Draft::new(), None).await
}

/// The feed with a draft in its form: an empty one, or one that could not be published and why.
pub async fn show_with(
    site: &Site,
    visitor: Option<&User>,
    status: StatusCode,
    draft: &Draft,
    problem: Option<&str>,
) -> Result<Response, AppError> {
    let front = front::read(site).await?;
    let me = visitor.map(|user| user.name.as_str());
    page::show(status, &FeedPage { me, draft, problem, front })
}
