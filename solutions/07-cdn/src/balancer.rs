//! The role `balancer`: stands in front of the servers, and gives each request to the one that has the least to do.
//!
//! A request is under way from the moment of the choice until the last byte of its answer has gone, or its reader has.
//! A server that is known to be dead is not chosen; `health` asks all of them, and a refused connection tells it too.
//!
//! What certainly was not read goes to the next server, whatever it is. What may have been read is sent once more only if
//! nothing changes by it. Each server is tried once for a request, and what is left then is said at once: no waiting.

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
    /// Written by the probes, and by a request that was refused; read by each choice.
    is_well: AtomicBool,
    /// Requests, not connections: an idle connection is no work. Written by `UnderWay` alone.
    under_way: AtomicUsize,
}

impl Server {
    /// Well until shown otherwise: at the start nobody has asked it yet, and people come already.
    fn new(upstream: Arc<Upstream>) -> Arc<Server> {
        Arc::new(Server { upstream, is_well: AtomicBool::new(true), under_way: AtomicUsize::new(0) })
    }

    fn may_be_asked(self: &Arc<Server>, tried: &[Arc<Server>]) -> bool {
        self.is_well.load(Relaxed) && !tried.iter().any(|tried| Arc::ptr_eq(tried, self))
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

    /// A new connection; one that cannot be made tells something about the server.
    async fn connect(&self, server: &Server) -> io::Result<Connection> {
        let connected = timeout(self.patience, server.upstream.connect()).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if let Err(error) = &connected {
            tracing::warn!(server = server.upstream.address(), %error, "no connection");
            // Not every failure is the server's: we may be out of file descriptors.
            if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::TimedOut) {
                server.is_found(false);
            }
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
    let mut request = proxy::outgoing(request, peer.ip())?;
    // What is safe to send twice, and is all there, may be sent once more.
    let mut copy = proxy::copy_if_repeatable(&request);
    let mut tried = Vec::new();
    let mut last_resort = None;
    let mut broken = None;

    while let Some(under_way) =
        balancer.choose(&tried).or_else(|| last_resort.take().map(|server| UnderWay::at(&server)))
    {
        let server = under_way.0.clone();
        tried.push(server.clone());
        match ask(&balancer, &server, request, copy.is_some()).await {
            Ok(response) => {
                return proxy::answer(&method, response.map(|body| Answer { body, under_way: Some(under_way) }));
            }
            Err(Unanswered::Unread(returned)) => request = *returned,
            Err(Unanswered::MaybeRead { error, was_kept }) => {
                let Some(copy) = copy.take() else {
                    return Err(AppError::BadGateway(error));
                };
                request = copy;
                broken = Some(error);
                // The connection may have been closed before the server read from it. Others are asked first, but if there
                // is nobody else, it deserves a new one.
                last_resort = was_kept.then_some(server);
            }
        }
    }
    Err(broken.map_or(AppError::Busy, AppError::BadGateway))
}

/// Why a server gave no answer.
enum Unanswered {
    /// It certainly has not read the request, which comes back.
    Unread(Box<Request>),
    MaybeRead {
        error: anyhow::Error,
        /// The connection was one from an earlier request.
        was_kept: bool,
    },
}

/// Sends the request to one server. A kept connection may have been closed at the other end without our knowing, which
/// shows when it is too late; so it is for those who can be sent again. All others pay for a connection of their own.
async fn ask(
    balancer: &Balancer,
    server: &Server,
    mut request: Request,
    repeatable: bool,
) -> Result<axum::http::Response<Incoming>, Unanswered> {
    while repeatable && let Some(connection) = server.upstream.kept() {
        match connection.send(request).await {
            Ok(response) => return Ok(response),
            Err(SendError::Unsent(returned)) => request = *returned,
            Err(SendError::Broken(error)) => return Err(Unanswered::MaybeRead { error, was_kept: true }),
        }
    }
    let Ok(connection) = balancer.connect(server).await else {
        return Err(Unanswered::Unread(Box::new(request)));
    };
    connection.send(request).await.map_err(|error| match error {
        SendError::Unsent(returned) => Unanswered::Unread(returned),
        SendError::Broken(error) => Unanswered::MaybeRead { error, was_kept: false },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer(servers: usize) -> Balancer {
        let server = |port| Server::new(Upstream::new(format!("127.0.0.1:{port}").parse().unwrap()));
        Balancer { servers: (1..=servers).map(server).collect(), turn: Mutex::new(0), patience: Duration::from_secs(1) }
    }

    fn index(balancer: &Balancer, chosen: &UnderWay) -> usize {
        balancer.servers.iter().position(|server| Arc::ptr_eq(server, &chosen.0)).unwrap()
    }

    #[test]
    fn the_least_busy_is_chosen() {
        let balancer = balancer(3);
        let mut slow: Vec<UnderWay> = (0..6).map(|_| balancer.choose(&[]).unwrap()).collect();
        assert!(balancer.servers.iter().all(|server| server.under_way.load(Relaxed) == 2));
        slow.retain(|one| index(&balancer, one) != 1);
        for _ in 0..5 {
            assert_eq!(index(&balancer, &balancer.choose(&[]).unwrap()), 1);
        }
    }

    #[test]
    fn equals_take_turns_also_when_one_is_dead() {
        let balancer = balancer(3);
        let turns = || (0..6).map(|_| index(&balancer, &balancer.choose(&[]).unwrap())).collect::<Vec<_>>();
        assert_eq!(turns(), [0, 1, 2, 0, 1, 2]);
        balancer.servers[1].is_found(false);
        assert_eq!(turns(), [0, 2, 0, 2, 0, 2]);
    }

    #[test]
    fn nobody_is_tried_twice_and_the_dead_not_once() {
        let balancer = balancer(2);
        let first = balancer.choose(&[]).unwrap().0.clone();
        let second = balancer.choose(std::slice::from_ref(&first)).unwrap().0.clone();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(balancer.choose(&[first.clone(), second]).is_none());
        first.is_found(false);
        assert!(!Arc::ptr_eq(&balancer.choose(&[]).unwrap().0, &first));
        balancer.servers.iter().for_each(|server| server.is_found(false));
        assert!(balancer.choose(&[]).is_none());
    }
}
