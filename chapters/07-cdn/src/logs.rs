//! Logs go to stderr; stdout is for the ready line alone.

use std::{env, io::stderr};

use tracing::Level;
use tracing_subscriber::{filter::Targets, fmt::layer, layer::SubscriberExt, registry, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Everything from `info` up, unless `RUST_LOG` says otherwise: `RUST_LOG=info,sqlx=debug` shows each query.
pub fn start(format: LogFormat) {
    let asked_for = env::var("RUST_LOG").ok().and_then(|rules| rules.parse().ok());
    let logs = registry().with(asked_for.unwrap_or_else(|| Targets::new().with_default(Level::INFO)));
    let lines = layer().with_writer(stderr).with_ansi(false);
    match format {
        LogFormat::Human => logs.with(lines).init(),
        LogFormat::Json => logs.with(lines.json()).init(),
    }
}
