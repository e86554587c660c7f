//! What can go wrong while a request is served, and what its user is told about it.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use crate::{db, page};

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("this needs a login")]
    NeedsLogin,
    #[error("there is no such page")]
    NotFound,
    #[error("the form was sent from another site")]
    ForeignOrigin,
    #[error("too many people want to know at once; please try again in a moment")]
    Busy,
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> AppError {
        if db::is_busy(&error) { AppError::Busy } else { AppError::Database(error) }
    }
}

impl AppError {
    fn status(&self) -> StatusCode {
        match self {
            AppError::NeedsLogin | AppError::Busy => StatusCode::SEE_OTHER,
            AppError::NotFound => StatusCode::NOT_FOUND,
            AppError::ForeignOrigin => StatusCode::FORBIDDEN,
            AppError::Database(_) | AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    message: String,
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = self.status();
        let message = match &self {
            AppError::NeedsLogin => return Redirect::to("/login").into_response(),
            // The feed always works; there they can try again.
            AppError::Busy => return Redirect::to("/").into_response(),
            AppError::Database(_) | AppError::Internal(_) => {
                // The cause is for us; the user gets nothing that describes our insides.
                tracing::error!(error = format!("{:#}", anyhow::Error::new(self)), "request failed");
                "Something broke on our side. Your gossip deserves better; please try again.".to_owned()
            }
            mistake => format!("Sorry: {mistake}."),
        };
        page::show(status, &ErrorPage { message }).unwrap_or_else(|_| status.into_response())
    }
}
