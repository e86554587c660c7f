//! The role `edge`: stands near the users, far from the site.
//!
//! Today it keeps nothing: whatever is asked here goes to the origin and back, there and back again for the next reader. In
//! `store` and `kept` is what it takes to keep an answer: a place with a limit, and what HTTP says about using it again.

mod home;
#[allow(dead_code, reason = "nothing is kept yet")]
mod kept;
#[allow(dead_code, reason = "nothing is kept yet")]
mod store;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use self::home::Home;
use crate::{config::Config, error::AppError, proxy, serve};

struct Edge {
    home: Home,
}

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let origin = config.upstreams.first().cloned().context("UPSTREAMS does not say where the origin is")?;
    let edge = Arc::new(Edge { home: Home::new(origin, config.origin_timeout) });
    serve::run(listener, routes(edge), config.shutdown_grace, shutdown).await
}

fn routes(edge: Arc<Edge>) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        .on_failure(());
    Router::new().fallback(answer).layer(trace).with_state(edge)
}

async fn answer(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, AppError> {
    let request = proxy::outgoing(request, peer.ip())?;
    edge.pass(request).await
}

impl Edge {
    /// Sends a request to the origin as it is, and its answer back.
    async fn pass(&self, request: Request) -> Result<Response, AppError> {
        let method = request.method().clone();
        let response = self.home.ask(request).await?;
        proxy::answer(&method, response)
    }
}
