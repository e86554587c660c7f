//! Every setting, read once, from the environment or the command line. Nothing else reads the environment (but for
//! `RUST_LOG`, which is the logs' own).

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// A file; or, with the feature `mysql`, what compose.yaml starts.
const DATABASE: &str = match cfg!(feature = "mysql") {
    false => "sqlite:gossip.db",
    true => "mysql://root:gossip@127.0.0.1:33306/gossip",
};

#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one, and the ready line says which.
    #[arg(long, env, default_value = "127.0.0.1:8000")]
    pub listen_addr: SocketAddr,

    /// Where users and posts are kept: a database, made by the role `migrate`.
    #[arg(long, env, hide_env_values = true, default_value = DATABASE)]
    pub database_url: SecretString,

    /// The address that browsers use, as in `https://gossip.example`; without it, each request's Host is believed.
    #[arg(long, env)]
    pub origin: Option<String>,

    /// The folder of the stylesheet.
    #[arg(long, env, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/static"))]
    pub static_dir: PathBuf,

    /// Logs for people, or a JSON object a line for programs.
    #[arg(long, env, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,

    /// How long requests that are under way may take to finish after SIGTERM.
    #[arg(long, env, default_value = "10s", value_parser = humantime::parse_duration)]
    pub shutdown_grace: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Human,
    Json,
}

impl Config {
    /// Whether cookies may only travel over TLS.
    pub fn secure_cookies(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.starts_with("https://"))
    }
}
