//! The role `app`: what its requests share, its routes, and serving them.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::{
    services::ServeDir,
    trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer},
};
use tracing::Level;

use crate::{config::Config, db::Db, error::AppError, feed, origin, post, profile, serve, session::Sessions, user};

/// Forms are small; whoever sends more is not filling one in.
const MAX_FORM: usize = 8 * 1024;

pub type Shared = Arc<Site>;

pub struct Site {
    pub config: Config,
    pub db: Db,
    pub sessions: Sessions,
}

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let grace = config.shutdown_grace;
    let site = Site { db: Db::open(&config).await?, sessions: Sessions::default(), config };
    serve::run(listener, app(Arc::new(site)), grace, shutdown).await
}

pub fn app(site: Shared) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        // The cause of a failure is logged where it becomes an answer.
        .on_failure(());
    Router::new()
        .merge(feed::router())
        .merge(profile::router())
        .merge(post::router())
        .merge(user::router())
        .layer(middleware::from_fn_with_state(site.clone(), origin::refuse_foreign))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .route("/health", get(|| async { "ok" }))
        .nest_service("/static", ServeDir::new(&site.config.static_dir))
        .fallback(|| async { AppError::NotFound })
        .layer(trace)
        .with_state(site)
}
