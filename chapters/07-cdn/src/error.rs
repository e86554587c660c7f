//! What can go wrong while a request is served, and what its user is told about it.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
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
    /// The line is too long, or there is no server left to stand in line for.
    #[error("nobody is free to answer just now; please try again in a moment")]
    Busy,
    #[error("{0}")]
    BadRequest(&'static str),
    /// A server took the request, or should have, and no answer came of it.
    #[error("the server that should know did not answer")]
    BadGateway(#[source] anyhow::Error),
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// In seconds. Sooner, the crowd that was refused would meet the one that is still waiting.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> AppError {
        if db::is_busy(&error) { AppError::Busy } else { AppError::Database(error) }
    }
}

impl AppError {
    fn status(&self) -> StatusCode {
        match self {
            AppError::NeedsLogin => StatusCode::SEE_OTHER,
            AppError::NotFound => StatusCode::NOT_FOUND,
            AppError::ForeignOrigin => StatusCode::FORBIDDEN,
            AppError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            AppError::BadRequest(_) => StatusCode::BAD_REQUEST,
            AppError::BadGateway(_) => StatusCode::BAD_GATEWAY,
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
            AppError::BadGateway(cause) => {
                tracing::error!(error = format!("{cause:#}"), "no answer from a server");
                "The server that had your request fell silent. Please look whether it was done before you try again."
                    .to_owned()
            }
            AppError::Database(_) | AppError::Internal(_) => {
                // The cause is for us; the user gets nothing that describes our insides.
                tracing::error!(error = format!("{:#}", anyhow::Error::new(self)), "request failed");
                "Something broke on our side. Your gossip deserves better; please try again.".to_owned()
            }
            mistake => format!("Sorry: {mistake}."),
        };
        let mut response = page::show(status, &ErrorPage { message }).unwrap_or_else(|_| status.into_response());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}
