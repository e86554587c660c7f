//! Static files: by which address pages name them, how long a copy is good, and how somebody who has one learns that it
//! still is.
//!
//! Today a file has its name for an address, whatever is in it, and nothing is said about how long a copy is good. Its tag
//! is made of its time and its length: a deploy that copies all files anew makes all of them new, and two servers disagree.

use std::path::Path;

use axum::Router;
use tower_http::services::ServeDir;

use crate::site::Shared;

/// Where a page finds the file of this name.
pub fn address(name: &str) -> String {
    format!("/static/{name}")
}

/// The routes of all files in this folder.
pub fn router(folder: &Path) -> anyhow::Result<Router<Shared>> {
    Ok(Router::new().nest_service("/static", ServeDir::new(folder)))
}
