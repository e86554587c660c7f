//! What all pages share: rendering, their headers, how a time is written.

use askama::Template;
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use time::{OffsetDateTime, macros::format_description};

use crate::error::AppError;

/// Sent with every page: it is for one reader only, runs no script, and nobody may frame it.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "private, no-cache"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
];

pub fn show(status: StatusCode, page: &impl Template) -> Result<Response, AppError> {
    let html = page.render().map_err(anyhow::Error::new)?;
    Ok((status, HEADERS, Html(html)).into_response())
}

/// `14 Aug 2007, 02:44`, in UTC; empty for a time that no calendar has.
pub fn written(milliseconds: i64) -> String {
    let format = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]");
    OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000))
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(written(1_187_059_441_000), "14 Aug 2007, 02:44");
        assert_eq!(written(i64::MAX), "");
    }
}
