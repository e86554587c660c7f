//! Publishing: the form's text becomes a post.
//!
//! Today it becomes nothing. The handler knows who is asking, and that the form is ours; it shows the text back and
//! forgets it. To publish is to keep the post and send its author to the feed, or to say what is wrong with it.

use axum::{Form, Router, extract::State, http::StatusCode, response::Response, routing::post};
use serde::Deserialize;

use crate::{error::AppError, feed, site::Shared, user::User};

pub fn router() -> Router<Shared> {
    Router::new().route("/post", post(publish))
}

/// What the form on the feed page sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Draft {
    pub content: String,
    pub tag: String,
    /// Names this filling-in of the form: a double click sends the same one twice.
    pub form_id: String,
}

impl Draft {
    /// An empty form.
    pub fn new() -> Draft {
        Draft { form_id: format!("{:032x}", rand::random::<u128>()), ..Draft::default() }
    }
}

async fn publish(State(site): State<Shared>, user: User, Form(draft): Form<Draft>) -> Result<Response, AppError> {
    tracing::info!(author = user.id, characters = draft.content.chars().count(), "a gossip nobody will read");
    let soon = "Your gossip is safe with us, for now: publishing comes soon.";
    feed::show_with(&site, Some(&user), StatusCode::OK, &draft, Some(soon)).await
}
