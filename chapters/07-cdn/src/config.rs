//! Every setting, read once, from the environment or the command line. Nothing else reads the environment (but for
//! `RUST_LOG`, which is the logs' own).

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use axum::http::uri::Authority;
use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// A file; or, with the feature `mysql`, what compose.yaml starts.
const DATABASE: &str = match cfg!(feature = "mysql") {
    false => "sqlite:gossip.db",
    true => "mysql://root:gossip@127.0.0.1:33306/gossip",
};

#[derive(Args, Clone, Debug)]
#[allow(dead_code, reason = "a setting may be there before the part that asks for it")]
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

    /// The folder of the stylesheet and the pictures.
    #[arg(long, env, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/static"))]
    pub static_dir: PathBuf,

    /// Logs for people, or a JSON object a line for programs.
    #[arg(long, env, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,

    /// How long requests that are under way may take to finish after SIGTERM.
    #[arg(long, env, default_value = "10s", value_parser = humantime::parse_duration)]
    pub shutdown_grace: Duration,

    /// How long a request may wait for its turns, all together, before it is told to come back later. When answers took
    /// 4.2 s, nobody was left to read them; this is half of that.
    #[arg(long, env, default_value = "2s", value_parser = humantime::parse_duration)]
    pub queue_deadline: Duration,

    /// Connections to the database that all requests share. A read takes less than a millisecond, so eight are enough
    /// for thousands a second; 500 were too few when every request opened its own.
    #[arg(long, env, default_value = "8")]
    pub db_connections: NonZeroU32,

    /// The servers behind the balancer, as host:port, separated by commas; for an edge, the one address of its origin.
    #[arg(long, env, value_delimiter = ',', value_parser = host_and_port, default_value = "127.0.0.1:8001,127.0.0.1:8002")]
    pub upstreams: Vec<Authority>,

    /// How often the balancer asks each server whether it is well. A server that died is out after one such time, and
    /// two seconds are what a slow request took.
    #[arg(long, env, default_value = "2s", value_parser = humantime::parse_duration)]
    pub health_every: Duration,

    /// How long a server may take to say that it is well, or to take a connection.
    #[arg(long, env, default_value = "1s", value_parser = humantime::parse_duration)]
    pub health_timeout: Duration,

    /// How long a login lasts, counted from the login.
    #[arg(long, env, default_value = "30d", value_parser = humantime::parse_duration)]
    pub session_ttl: Duration,

    /// The Redis that all servers share, without TLS. They start and serve whether it is there or not.
    #[arg(long, env, hide_env_values = true, default_value = "redis://127.0.0.1:6379")]
    pub redis_url: SecretString,

    /// How long an answer may be given again before it is asked for anew, in whole seconds. The front page may be this
    /// old, where nobody says that it changed.
    #[arg(long, env, default_value = "60s", value_parser = whole_seconds)]
    pub cache_ttl: Duration,

    /// How long a page waits for Redis, all together, before it is made without. A hit takes less than a millisecond;
    /// after fifty, asking the database would have been quicker.
    #[arg(long, env, default_value = "50ms", value_parser = humantime::parse_duration)]
    pub cache_timeout: Duration,

    /// How much an edge may keep, in MiB: bodies, and what is known of them. What is asked for least goes first.
    #[arg(long, env, default_value = "64")]
    pub edge_memory: NonZeroU32,

    /// How long an edge waits for its origin to begin an answer that may be kept, before it takes the origin for dead.
    /// There and back are 400 ms; this is ten times that.
    #[arg(long, env, default_value = "4s", value_parser = humantime::parse_duration)]
    pub origin_timeout: Duration,
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

fn whole_seconds(typed: &str) -> Result<Duration, String> {
    let wrong = || format!("`{typed}` is not a number of whole seconds, such as 60s");
    let duration = humantime::parse_duration(typed).map_err(|_| wrong())?;
    (duration.subsec_nanos() == 0 && !duration.is_zero()).then_some(duration).ok_or_else(wrong)
}

fn host_and_port(typed: &str) -> Result<Authority, String> {
    let wrong = || format!("`{typed}` is not a server's host:port, such as 127.0.0.1:8001");
    let address: Authority = typed.trim().parse().map_err(|_| wrong())?;
    // A user's name and password in it would travel to the server as part of the address.
    let complete = address.port_u16().is_some() && !address.as_str().contains('@');
    complete.then_some(address).ok_or_else(wrong)
}
