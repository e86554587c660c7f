//! Publishing: the form's text becomes a post.

use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    db,
    error::AppError,
    feed,
    front::Block,
    site::{Shared, Site},
    user::User,
};

/// In Unicode scalars: an emoji is one character, whatever its bytes.
const MAX_LENGTH: usize = 500;
const DEFAULT_TAG: &str = "gossip";

pub fn router() -> Router<Shared> {
    Router::new().route("/post", post(publish))
}

/// What the form on the feed page sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Draft {
    pub content: String,
    pub tag: String,
    /// Names this filling-in of the form, so that a double click is one post.
    pub form_id: String,
}

impl Draft {
    /// An empty form.
    pub fn new() -> Draft {
        Draft { form_id: new_form_id(), ..Draft::default() }
    }
}

struct NewPost {
    content: String,
    tag: String,
    form_id: String,
}

async fn publish(State(site): State<Shared>, user: User, Form(draft): Form<Draft>) -> Result<Response, AppError> {
    match NewPost::from_draft(&draft) {
        Ok(post) => {
            save(&site, &user, &post).await?;
            Ok(Redirect::to("/").into_response())
        }
        Err(problem) => {
            feed::show_with(&site, Some(&user), StatusCode::UNPROCESSABLE_ENTITY, &draft, Some(problem)).await
        }
    }
}

/// Keeps the post, unless the same was sent before: then it is kept already.
async fn save(site: &Site, author: &User, post: &NewPost) -> Result<(), AppError> {
    let mut tx = site.db.begin_write().await?;
    let first = sqlx::query("insert into submissions (fingerprint, created_at) values (?, ?)")
        .bind(post.fingerprint(author))
        .bind(db::now())
        .execute(&mut *tx)
        .await;
    match first {
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    sqlx::query("insert into posts (user_id, tag, content, created_at) values (?, ?, ?, ?)")
        .bind(author.id)
        .bind(&post.tag)
        .bind(&post.content)
        // Asked for under the write lock, so that time and id agree on which post was first.
        .bind(db::now())
        .execute(&mut *tx)
        .await?;
    let change = site.cache.change(&[Block::Newest, Block::Tags, Block::Counts]);
    tx.commit().await?;
    change.announce().await;
    Ok(())
}

impl NewPost {
    fn from_draft(draft: &Draft) -> Result<NewPost, &'static str> {
        // Browsers send a line's end as CR LF; it counts as one character, and is kept as one.
        let content = draft.content.replace("\r\n", "\n").trim().to_owned();
        if content.is_empty() {
            return Err("There is nothing to whisper yet.");
        }
        if content.chars().count() > MAX_LENGTH {
            return Err("A gossip has at most 500 characters.");
        }
        let tag = match draft.tag.trim().trim_start_matches('#').to_lowercase() {
            none if none.is_empty() => DEFAULT_TAG.to_owned(),
            tag => tag,
        };
        if tag.len() > 30 || !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err("A tag has at most 30 letters a–z, digits or hyphens.");
        }
        // Whoever sends the form without a browser has no id, and no double click either.
        let form_id = match draft.form_id.as_str() {
            "" => new_form_id(),
            id => id.to_owned(),
        };
        Ok(NewPost { content, tag, form_id })
    }

    /// A second click sends the same form with the same text. Another text in it is a second gossip: somebody went back
    /// to the page and wrote again.
    fn fingerprint(&self, author: &User) -> Vec<u8> {
        let NewPost { content, tag, form_id } = self;
        Sha256::digest(format!("{}\n{form_id}\n{tag}\n{content}", author.id)).to_vec()
    }
}

fn new_form_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::{Draft, NewPost};

    fn content_of(content: &str) -> Result<String, &'static str> {
        NewPost::from_draft(&Draft { content: content.to_owned(), ..Draft::new() }).map(|post| post.content)
    }

    #[test]
    fn characters_are_counted_as_people_count_them() {
        assert!(content_of(&"🍜".repeat(500)).is_ok());
        assert!(content_of(&"🍜".repeat(501)).is_err());
        assert!(content_of(&"ab\r\n".repeat(166)).is_ok());
        assert_eq!(content_of(" a\r\nb ").as_deref(), Ok("a\nb"));
        assert!(content_of(" \r\n\t").is_err());
    }
}
