//! The role `app`: what its requests share, its routes, and serving them.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tokio::task::JoinSet;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::{
    admission, assets,
    cache::{self, Cache},
    config::Config,
    db::Db,
    error::AppError,
    feed, like, origin, post, profile, serve, session, tag, user,
};

/// Forms are small; whoever sends more is not filling one in.
const MAX_FORM: usize = 64 * 1024;

pub type Shared = Arc<Site>;

pub struct Site {
    pub config: Config,
    pub db: Db,
    pub cache: Cache,
}

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let grace = config.shutdown_grace;
    let site = Arc::new(Site { db: Db::open(&config).await?, cache: Cache::new(&config)?, config });
    // Dropped at the end of the role, and the tasks in it end.
    let mut background = JoinSet::new();
    background.spawn(session::sweep_forever(site.clone()));
    background.spawn(cache::settle_forever(site.clone()));
    serve::run(listener, app(site)?, grace, shutdown).await
}

pub fn app(site: Shared) -> anyhow::Result<Router> {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        // The cause of a failure is logged where it becomes an answer.
        .on_failure(());
    let routes = Router::new()
        .merge(feed::router())
        .merge(profile::router())
        .merge(tag::router())
        .merge(post::router())
        .merge(like::router())
        .merge(user::router())
        .layer(middleware::from_fn_with_state(site.clone(), origin::refuse_foreign))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(site.clone(), admission::admit))
        .route("/health", get(|| async { "ok" }))
        .merge(assets::router(&site.config.static_dir)?)
        .fallback(|| async { AppError::NotFound })
        .layer(trace)
        .with_state(site);
    Ok(routes)
}
