//! The role `balancer`: stands in front of the servers, and deals requests to them like cards.
//!
//! Today it only rotates. Whose turn it is, gets the request, however much it has to do, and if nobody is at home there,
//! the reader sees a 502. It should send each request to where there is least to do, and know who is dead: it could ask
//! (HEALTH_EVERY, HEALTH_TIMEOUT), and it notices when nobody takes its connection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use anyhow::{Context, anyhow};
use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use hyper::body::Incoming;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::{
    config::Config,
    error::AppError,
    proxy, serve,
    upstream::{SendError, Upstream},
};

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let balancer = Arc::new(Balancer {
        servers: config.upstreams.iter().cloned().map(Upstream::new).collect(),
        next: AtomicUsize::new(0),
    });
    serve::run(listener, routes(balancer), config.shutdown_grace, shutdown).await
}

fn routes(balancer: Arc<Balancer>) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        .on_failure(());
    Router::new().fallback(forward).layer(trace).with_state(balancer)
}

struct Balancer {
    servers: Vec<Arc<Upstream>>,
    /// Counts the requests.
    next: AtomicUsize,
}

impl Balancer {
    fn choose(&self) -> &Arc<Upstream> {
        let turn = self.next.fetch_add(1, Relaxed);
        &self.servers[turn % self.servers.len()]
    }
}

async fn forward(
    State(balancer): State<Arc<Balancer>>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: Request,
) -> Result<Response, AppError> {
    let method = request.method().clone();
    let request = proxy::outgoing(request, peer.ip())?;
    let server = balancer.choose();
    let response = ask(server, request).await.map_err(AppError::BadGateway)?;
    proxy::answer(&method, response)
}

/// Sends the request to one server, on a connection from an earlier request if there is one.
async fn ask(server: &Arc<Upstream>, request: Request) -> anyhow::Result<axum::http::Response<Incoming>> {
    let connection = match server.kept() {
        Some(connection) => connection,
        None => server.connect().await.with_context(|| format!("connecting to {}", server.address()))?,
    };
    connection.send(request).await.map_err(|error| match error {
        SendError::Unsent(request) => {
            anyhow!("{} closed the connection before it was asked for {}", server.address(), request.uri())
        }
        SendError::Broken(error) => error,
    })
}
