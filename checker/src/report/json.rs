//! A check as one JSON document, in the order in which people look for things, and the way back.
//!
//! The same document is kept as `result.json` in the folder of the last check, for `hint`, `list` and `grade`.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::clean;
use crate::verdict::Report;

/// The whole document, with a line end.
pub fn document(report: &Report) -> anyhow::Result<String> {
    text_of(&clean::report(report))
}

/// A document that [`document`] wrote.
pub fn read(file: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not the result of a check; check that chapter again", file.display()))
}

pub(super) fn text_of(document: &impl Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(document).context("writing a report as JSON")?;
    text.push('\n');
    Ok(text)
}
