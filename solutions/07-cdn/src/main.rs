//! Gossip.com: one program, started in the role that its first argument names.

mod admission;
mod assets;
mod balancer;
mod cache;
mod conditional;
mod config;
mod db;
mod edge;
mod error;
mod feed;
mod front;
mod like;
mod listing;
mod logs;
mod origin;
mod page;
mod password;
mod post;
mod profile;
mod proxy;
mod serve;
mod session;
mod site;
mod tag;
mod upstream;
mod user;

use clap::{Parser, ValueEnum};
use config::Config;

/// Gossip.com, as it was served that year.
#[derive(Parser)]
struct Cli {
    #[arg(value_enum)]
    role: Role,
    #[command(flatten)]
    config: Config,
}

#[derive(Clone, ValueEnum)]
enum Role {
    /// Bring the database up to date, then exit.
    Migrate,
    /// Serve the site.
    App,
    /// Stand in front of the servers of role `app`, and give each request to one of them.
    Balancer,
    /// Stand near the users, far from the site, and keep what is the same for everybody.
    Edge,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { role, config } = Cli::parse();
    logs::start(config.log_format);
    tracing::info!(?config, "starting");
    match role {
        Role::Migrate => db::migrate(&config).await,
        Role::App => site::run(config).await,
        Role::Balancer => balancer::run(config).await,
        Role::Edge => edge::run(config).await,
    }
}
