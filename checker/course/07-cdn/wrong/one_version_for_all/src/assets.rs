//! Static files: by which address pages name them, how long a copy is good, and how somebody who has one learns that it
//! still is.
//!
//! All of them are read once, at the start, so that what is sent is what was hashed. A page names a file by its content:
//! `gossip.css` is `gossip.0f3a….css`, and that never becomes anything else, so a copy is good for a year, wherever it
//! lies. By its plain name a file is good until somebody asks again.

use std::{collections::HashMap, fs, path::Path, sync::OnceLock};

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    extract,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

use crate::{conditional, error::AppError, site::Shared};

/// What an address with a fingerprint names is the same for ever; a year is as long as anybody keeps it.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What may be another file tomorrow is asked about each time. While nobody answers, yesterday's is better than none.
const UNTIL_ASKED: HeaderValue = HeaderValue::from_static("public, max-age=0, stale-if-error=86400");
/// Not the version that was asked for.
const FOR_ONCE: HeaderValue = HeaderValue::from_static("no-store");

/// By plain name, folders and all: `gossip.css`, `people/hope.jpg`. Set once, before the first request; pages have no
/// other way to it, for one that tells of an error is made without the site.
static ASSETS: OnceLock<HashMap<String, Asset>> = OnceLock::new();

struct Asset {
    content: Bytes,
    kind: HeaderValue,
    /// Of the content, so that two servers agree on it whenever their files were copied.
    fingerprint: String,
    tag: HeaderValue,
}

/// Where a page finds the file of this name.
pub fn address(name: &str) -> String {
    match ASSETS.get().and_then(|assets| assets.get(name)) {
        Some(asset) => {
            let (stem, ending) = split(name);
            format!("/static/{stem}.{}{ending}", asset.fingerprint)
        }
        None => format!("/static/{name}"),
    }
}

/// The routes of all files in this folder.
pub fn router(folder: &Path) -> anyhow::Result<Router<Shared>> {
    let mut assets = HashMap::new();
    read(folder, "", &mut assets).with_context(|| format!("reading STATIC_DIR, {}", folder.display()))?;
    let mut names: Vec<_> = assets.keys().cloned().collect();
    names.sort();
    let all = names.iter().fold(Sha256::new(), |all, name| all.chain_update(&assets[name].content));
    let version: String = all.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    assets.values_mut().for_each(|asset| asset.fingerprint = version.clone());
    ASSETS.get_or_init(|| assets);
    Ok(Router::new().route("/static/{*name}", get(show)))
}

async fn show(extract::Path(name): extract::Path<String>, asker: HeaderMap) -> Result<Response, AppError> {
    let (asset, lifetime) = find(&name).ok_or(AppError::NotFound)?;
    let about = [(header::CACHE_CONTROL, lifetime), (header::ETAG, asset.tag.clone())];
    if conditional::has_it(&asker, &asset.tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let kind = [(header::CONTENT_TYPE, asset.kind.clone())];
    Ok((about, kind, asset.content.clone()).into_response())
}

/// A file, by its plain name or with a fingerprint in it. With the fingerprint of another version, it is the one that we
/// have, and nobody may take it for the other: while a deploy is on its way, pages of one server ask the next.
fn find(name: &str) -> Option<(&'static Asset, HeaderValue)> {
    let assets = ASSETS.get()?;
    if let Some(asset) = assets.get(name) {
        return Some((asset, UNTIL_ASKED));
    }
    let (stem, ending) = split(name);
    let (stem, fingerprint) = stem.rsplit_once('.')?;
    let asset = assets.get(&format!("{stem}{ending}"))?;
    Some((asset, if asset.fingerprint == fingerprint { FOR_GOOD } else { FOR_ONCE }))
}

/// `people/hope` and `.jpg`.
fn split(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('.').unwrap_or(name.len()))
}

fn read(folder: &Path, within: &str, assets: &mut HashMap<String, Asset>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{within}{name}");
        if path.is_dir() {
            read(&path, &format!("{name}/"), assets)?;
        } else {
            assets.insert(name, Asset::of(&path)?);
        }
    }
    Ok(())
}

impl Asset {
    fn of(file: &Path) -> anyhow::Result<Asset> {
        let content = Bytes::from(fs::read(file).with_context(|| format!("reading {}", file.display()))?);
        let kind = mime_guess::from_path(file).first_raw().unwrap_or("application/octet-stream");
        // Half of the hash: nobody makes a second file with the same on purpose, for the files are our own.
        let fingerprint: String = Sha256::digest(&content)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::from_str(&format!("\"{fingerprint}\""))?;
        Ok(Asset { content, kind: HeaderValue::from_static(kind), fingerprint, tag })
    }
}
