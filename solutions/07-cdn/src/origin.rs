//! Refuses forms that another site made the browser send (cross-site request forgery).
//!
//! Browsers say in `Origin` which site a form comes from, and no page can change that. A request without the header is
//! not a browser's, and carries nobody's cookie by accident.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};

use crate::{error::AppError, site::Shared};

pub async fn refuse_foreign(State(site): State<Shared>, request: Request, next: Next) -> Result<Response, AppError> {
    let changes_something = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes_something && !is_ours(request.headers(), site.config.origin.as_deref()) {
        return Err(AppError::ForeignOrigin);
    }
    Ok(next.run(request).await)
}

fn is_ours(headers: &HeaderMap, own: Option<&str>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    match own {
        Some(own) => origin == own,
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            // `null` and anything without a scheme have no host to compare.
            origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: &str, host: &str) -> HeaderMap {
        [(header::ORIGIN, origin), (header::HOST, host)]
            .into_iter()
            .map(|(name, value)| (name, value.parse().expect("a header's text")))
            .collect()
    }

    #[test]
    fn only_the_whole_address_counts() {
        assert!(is_ours(&headers("http://gossip.example", "gossip.example"), None));
        assert!(!is_ours(&headers("http://gossip.example.evil.example", "gossip.example"), None));
        assert!(!is_ours(&headers("http://gossip.example:81", "gossip.example"), None));
        assert!(!is_ours(&headers("null", "gossip.example"), None));
        assert!(is_ours(&headers("https://gossip.example", "10.0.0.1"), Some("https://gossip.example")));
        assert!(!is_ours(&headers("http://10.0.0.1", "10.0.0.1"), Some("https://gossip.example")));
        assert!(is_ours(&HeaderMap::new(), None));
    }
}
