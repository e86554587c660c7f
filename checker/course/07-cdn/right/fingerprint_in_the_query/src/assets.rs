//! Static files: by which address pages name them, how long a copy is good, and how somebody who has one learns that it
//! still is. The fingerprint is in the query, so the file service need not know of it.

use std::{collections::HashMap, fs, path::Path, sync::OnceLock};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use tower_http::services::ServeDir;

use crate::{conditional, site::Shared};

static FINGERPRINTS: OnceLock<HashMap<String, String>> = OnceLock::new();

/// Where a page finds the file of this name.
pub fn address(name: &str) -> String {
    match fingerprint(name) {
        Some(fingerprint) => format!("/static/{name}?v={fingerprint}"),
        None => format!("/static/{name}"),
    }
}

fn fingerprint(name: &str) -> Option<&'static String> {
    FINGERPRINTS.get()?.get(name)
}

/// The routes of all files in this folder.
pub fn router(folder: &Path) -> anyhow::Result<Router<Shared>> {
    let mut fingerprints = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_file()) {
            let hash = Sha256::digest(fs::read(&path)?);
            fingerprints.insert(name.to_owned(), hash.iter().take(10).map(|byte| format!("{byte:02x}")).collect());
        }
    }
    FINGERPRINTS.get_or_init(|| fingerprints);
    Ok(Router::new().nest_service("/static", ServeDir::new(folder)).layer(middleware::from_fn(say_how_long)))
}

async fn say_how_long(mut request: Request, next: Next) -> Response {
    let asked = request.uri().clone();
    let current = fingerprint(asked.path().trim_start_matches("/static/"));
    let tag = current.and_then(|fingerprint| HeaderValue::from_str(&format!("\"{fingerprint}\"")).ok());
    let is_known = tag.as_ref().is_some_and(|tag| conditional::has_it(request.headers(), tag));
    // Its own tags and times say too little.
    for name in [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
        request.headers_mut().remove(name);
    }
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { next.run(request).await };
    if !matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
        return response;
    }
    let lifetime = match (asked.query().and_then(|query| query.strip_prefix("v=")), current) {
        (None, _) => "no-cache",
        (Some(asked), Some(current)) if asked == current => "public, max-age=31536000, immutable",
        _ => "no-store",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    response.headers_mut().remove(header::LAST_MODIFIED);
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
