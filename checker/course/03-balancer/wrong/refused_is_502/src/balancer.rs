//! The role `balancer`: stands in front of the servers, and gives each request to the one that has the least to do.
//!
//! A request is under way from the moment of the choice until the last byte of its answer has gone, or its reader has.
//! A server that is known to be dead is not chosen; `health` asks all of them.
//!
//! Each request is sent to one server, and what came of it is what the reader is told.

mod health;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{task::JoinSet, time::timeout};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::{
    config::Config,
    error::AppError,
    proxy, serve,
    upstream::{Connection, SendError, Upstream},
};

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let balancer = Arc::new(Balancer {
        servers: config.upstreams.iter().cloned().map(|address| Server::new(Upstream::new(address))).collect(),
        turn: Mutex::new(0),
        patience: config.health_timeout,
    });
    // Dropped at the end of the role, and the tasks in it end.
    let mut probes = JoinSet::new();
    for server in &balancer.servers {
        probes.spawn(health::watch(server.clone(), config.health_every, config.health_timeout));
    }
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
    servers: Vec<Arc<Server>>,
    /// Where the next choice begins to look. Whoever holds it chooses alone, so that a burst of requests does not choose
    /// before the first of them was counted.
    turn: Mutex<usize>,
    /// How long a server may take to accept a connection.
    patience: Duration,
}

struct Server {
    upstream: Arc<Upstream>,
    /// Written by the probes, read by each choice.
    is_well: AtomicBool,
    /// Requests, not connections: an idle connection is no work. Written by `UnderWay` alone.
    under_way: AtomicUsize,
}

impl Server {
    /// Well until shown otherwise: at the start nobody has asked it yet, and people come already.
    fn new(upstream: Arc<Upstream>) -> Arc<Server> {
        Arc::new(Server { upstream, is_well: AtomicBool::new(true), under_way: AtomicUsize::new(0) })
    }

    fn is_found(&self, well: bool) {
        if self.is_well.swap(well, Relaxed) != well {
            let server = self.upstream.address();
            if well {
                tracing::info!(server, "is back");
            } else {
                tracing::warn!(server, "is left out until it is well");
            }
        }
    }
}

/// A request that a server has. Dropping it is the only way to end that: it happens at the end of an answer, on every
/// error, and when the reader is gone and the future is dropped where it stands.
struct UnderWay(Arc<Server>);

impl UnderWay {
    fn at(server: &Arc<Server>) -> UnderWay {
        server.under_way.fetch_add(1, Relaxed);
        UnderWay(server.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

impl Balancer {
    /// The server with the least under way that is well; among equals, they take turns.
    fn choose(&self) -> Option<UnderWay> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.servers.len();
        let (index, server) = (0..count)
            .map(|step| (*turn + step) % count)
            .map(|index| (index, &self.servers[index]))
            .filter(|(_, server)| server.is_well.load(Relaxed))
            .min_by_key(|(_, server)| server.under_way.load(Relaxed))?;
        *turn = (index + 1) % count;
        Some(UnderWay::at(server))
    }

    /// A new connection.
    async fn connect(&self, server: &Server) -> io::Result<Connection> {
        let connected = timeout(self.patience, server.upstream.connect()).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if let Err(error) = &connected {
            tracing::warn!(server = server.upstream.address(), %error, "no connection");
        }
        connected
    }
}

async fn forward(
    State(balancer): State<Arc<Balancer>>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: Request,
) -> Result<Response, AppError> {
    let method = request.method().clone();
    let request = proxy::outgoing(request, peer.ip())?;
    let under_way = balancer.choose().ok_or(AppError::Busy)?;
    let response = ask(&balancer, &under_way.0, request).await.map_err(AppError::BadGateway)?;
    proxy::answer(&method, response.map(|body| Answer { body, under_way: Some(under_way) }))
}

/// Sends the request to one server, on a connection of its own.
async fn ask(balancer: &Balancer, server: &Server, request: Request) -> anyhow::Result<axum::http::Response<Incoming>> {
    balancer.connect(server).await?.send(request).await.map_err(|error| match error {
        SendError::Unsent(_) => anyhow::anyhow!("{} closed the connection at once", server.upstream.address()),
        SendError::Broken(error) => error,
    })
}

/// The answer's body on its way through; the request is under way as long as this is.
struct Answer {
    body: Incoming,
    under_way: Option<UnderWay>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if self.body.is_end_stream() || matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            // The server is done, even if whoever holds this body is not.
            self.under_way = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
