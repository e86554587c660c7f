//! The role `balancer`: stands in front of the servers, and gives each request to the one that has the least to do.
//!
//! A request is under way from the moment of the choice until the last byte of its answer has gone, or its reader has.
//! A server that is known to be dead is not chosen; `health` asks all of them, and a refused connection tells it too.
//!
//! What certainly was not read goes to the next server, whatever it is. What may have been read is sent once more only if
//! nothing changes by it. Each server is tried once for a request, and what is left then is said at once: no waiting.

mod handed;
mod health;

use std::{
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
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{
        Method, Uri,
        uri::{Authority, Scheme},
    },
    response::Response,
};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::task::JoinSet;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use self::handed::Handed;
use crate::{config::Config, error::AppError, proxy, serve};

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let balancer = Arc::new(Balancer {
        servers: config.upstreams.iter().cloned().map(|address| Server::new(address)).collect(),
        turn: Mutex::new(0),
        client: client(config.health_timeout),
    });
    // Dropped at the end of the role, and the tasks in it end.
    let mut probes = JoinSet::new();
    for server in &balancer.servers {
        probes.spawn(health::watch(
            server.clone(),
            balancer.client.clone(),
            config.health_every,
            config.health_timeout,
        ));
    }
    serve::run(listener, routes(balancer), config.shutdown_grace, shutdown).await
}

fn client(patience: Duration) -> Client {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(patience));
    connector.set_nodelay(true);
    // A server closes connections that are quiet for five seconds, in the case of some.
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(4))
        .pool_max_idle_per_host(32)
        .http1_max_buf_size(64 * 1024)
        .build(connector)
}

fn routes(balancer: Arc<Balancer>) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        .on_failure(());
    Router::new().fallback(forward).layer(trace).with_state(balancer)
}

type Client = legacy::Client<HttpConnector, Body>;

struct Balancer {
    servers: Vec<Arc<Server>>,
    /// Where the next choice begins to look. Whoever holds it chooses alone, so that a burst of requests does not choose
    /// before the first of them was counted.
    turn: Mutex<usize>,
    client: Client,
}

struct Server {
    address: Authority,
    /// Written by the probes, and by a request that was refused; read by each choice.
    is_well: AtomicBool,
    /// Requests, not connections: an idle connection is no work. Written by `UnderWay` alone.
    under_way: AtomicUsize,
}

impl Server {
    /// Well until shown otherwise: at the start nobody has asked it yet, and people come already.
    fn new(address: Authority) -> Arc<Server> {
        Arc::new(Server { address, is_well: AtomicBool::new(true), under_way: AtomicUsize::new(0) })
    }

    fn may_be_asked(self: &Arc<Server>, tried: &[Arc<Server>]) -> bool {
        self.is_well.load(Relaxed) && !tried.iter().any(|tried| Arc::ptr_eq(tried, self))
    }

    fn is_found(&self, well: bool) {
        if self.is_well.swap(well, Relaxed) != well {
            let server = self.address.as_str();
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
    /// The server with the least under way that is well and was not tried; among equals, they take turns.
    fn choose(&self, tried: &[Arc<Server>]) -> Option<UnderWay> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.servers.len();
        let (index, server) = (0..count)
            .map(|step| (*turn + step) % count)
            .map(|index| (index, &self.servers[index]))
            .filter(|(_, server)| server.may_be_asked(tried))
            .min_by_key(|(_, server)| server.under_way.load(Relaxed))?;
        *turn = (index + 1) % count;
        Some(UnderWay::at(server))
    }

    /// What the server answers, or why it did not and whether it may have read something.
    async fn ask(&self, server: &Server, request: Request) -> Result<axum::http::Response<Incoming>, legacy::Error> {
        let answer = self.client.request(addressed(request, &server.address)).await;
        if let Err(error) = &answer
            && error.is_connect()
        {
            tracing::warn!(server = server.address.as_str(), %error, "no connection");
            server.is_found(false);
        }
        answer
    }
}

/// The client is told whom to ask in the request's address, and leaves Host as it is.
fn addressed(mut request: Request, to: &Authority) -> Request {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(to.clone());
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

async fn forward(
    State(balancer): State<Arc<Balancer>>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: Request,
) -> Result<Response, AppError> {
    let method = request.method().clone();
    let (head, body) = proxy::outgoing(request, peer.ip())?.into_parts();
    // What is safe to send twice, and is all there, may be sent once more.
    let mut repeatable = matches!(method, Method::GET | Method::HEAD) && body.is_end_stream();
    let body = Handed::over(body);
    let mut tried = Vec::new();
    let mut broken = None;

    while let Some(under_way) = balancer.choose(&tried) {
        let server = under_way.0.clone();
        tried.push(server.clone());
        match balancer.ask(&server, Request::from_parts(head.clone(), body.for_one_try())).await {
            Ok(response) => {
                return proxy::answer(&method, response.map(|body| Answer { body, under_way: Some(under_way) }));
            }
            // Not a byte was sent.
            Err(error) if error.is_connect() && body.is_untouched() => {}
            Err(error) => {
                let error = anyhow::Error::new(error).context(format!("asking {}", server.address));
                if !std::mem::take(&mut repeatable) {
                    return Err(AppError::BadGateway(error));
                }
                broken = Some(error);
            }
        }
    }
    Err(broken.map_or(AppError::Busy, AppError::BadGateway))
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
