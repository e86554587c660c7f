//! The role `edge`: stands near the users, far from the site, and keeps what is the same for everybody.
//!
//! That is what lies under `/static/`. Whoever asks for it is nobody to the origin: their cookies, and whatever else they
//! say that the answer's address does not, stay here. So an answer can depend only on what it is kept by, and nobody can
//! put words into it for the others. All else goes to the origin as it came, and nothing of that is kept.
//!
//! While an address is being asked about, the others who want it wait. They get that answer if it may be kept, and ask for
//! themselves if not: a page is never shared for having been waited for.

mod flight;
mod home;
mod kept;
mod store;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, response::Parts},
    response::Response,
};
use http_body_util::BodyExt;
use tokio::{sync::Semaphore, time::timeout};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use self::{
    flight::{Flight, Flights, Landed, Seat},
    home::Home,
    kept::{Asked, Kept},
    store::Store,
};
use crate::{config::Config, error::AppError, proxy, serve};

/// What a static answer may depend on, besides its address: the rest of what a reader says is not passed on.
const NEGOTIATED: [HeaderName; 4] = [header::HOST, header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE];

struct Edge {
    home: Home,
    store: Store,
    flights: Flights,
    /// Bytes of bodies that are being read in order to be kept; as many as the store may have.
    in_hand: Semaphore,
    /// How long the origin may take to begin an answer that others wait for.
    patience: Duration,
}

pub async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = serve::terminated()?;
    let listener = serve::bind(config.listen_addr).await?;
    let origin = config.upstreams.first().cloned().context("UPSTREAMS does not say where the origin is")?;
    let memory = config.edge_memory.get() as usize * 1024 * 1024;
    let edge = Arc::new(Edge {
        home: Home::new(origin, config.origin_timeout),
        store: Store::new(memory),
        in_hand: Semaphore::new(memory),
        flights: Flights::default(),
        patience: config.origin_timeout,
    });
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
    let Some(asked) = question(&request) else {
        return edge.pass(request).await;
    };
    let (method, asker) = (request.method().clone(), request.headers());
    loop {
        let kept = edge.store.find(&asked);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh()) {
            return proxy::answer(&method, kept.answer(asker));
        }
        if method == Method::HEAD {
            return edge.pass(request).await;
        }
        match edge.flights.seat(store::key(&asked)) {
            Seat::First(flight) => {
                // What landed between the two looks is there now.
                if let Some(kept) = edge.store.find(&asked).filter(|kept| kept.is_fresh()) {
                    return proxy::answer(&method, kept.answer(asker));
                }
                return edge.fetch(&asked, kept, Some(flight), asker).await;
            }
            Seat::Behind(_) if method == Method::GET => return Err(AppError::Busy),
            Seat::Behind(behind) => match behind.landed().await {
                Some(Landed::Kept(kept)) if kept.is_for(&asked) => return proxy::answer(&method, kept.answer(asker)),
                Some(Landed::Kept(_) | Landed::ForOne) => return edge.fetch(&asked, kept, None, asker).await,
                Some(Landed::Failed) => {
                    return Err(AppError::BadGateway(anyhow::anyhow!("asked together with others")));
                }
                // Whoever asked for all of us has left.
                None => {}
            },
        }
    }
}

/// What the origin is asked, if the answer may be the same for everybody.
fn question(request: &Request) -> Option<Asked> {
    let may_be_kept = matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().path().starts_with("/static/")
        && request.body().is_end_stream()
        // A part of a file is no file.
        && !request.headers().contains_key(header::RANGE);
    may_be_kept.then(|| {
        let mut asked = Asked::new(());
        *asked.uri_mut() = request.uri().clone();
        let passed_on = request.headers().iter().filter(|(name, _)| NEGOTIATED.contains(name));
        asked.headers_mut().extend(passed_on.map(|(name, value)| (name.clone(), value.clone())));
        asked
    })
}

/// Whether an answer is for everybody, as far as HTTP leaves that to us. An error is over sooner than any lifetime, and a
/// cookie is somebody's.
fn is_for_everybody(head: &Parts) -> bool {
    head.status == StatusCode::OK && !head.headers.contains_key(header::SET_COOKIE)
}

impl Edge {
    /// Sends a request to the origin as it is, and its answer back.
    async fn pass(&self, request: Request) -> Result<Response, AppError> {
        let method = request.method().clone();
        let response = self.home.ask(request).await?;
        proxy::answer(&method, response)
    }

    /// Asks the origin, keeps the answer if it may be kept, and tells those who wait for it.
    async fn fetch(
        &self,
        asked: &Asked,
        old: Option<Arc<Kept>>,
        flight: Option<Flight<'_>>,
        asker: &HeaderMap,
    ) -> Result<Response, AppError> {
        let lands = |landed| flight.map(|flight| flight.lands(landed));
        match self.ask(asked, old).await {
            Ok(Fetched::Kept(kept)) => {
                lands(Landed::Kept(kept.clone()));
                proxy::answer(&Method::GET, kept.answer(asker))
            }
            Ok(Fetched::ForOne(response)) => {
                lands(Landed::ForOne);
                Ok(response)
            }
            Err(error) => {
                lands(Landed::Failed);
                Err(error)
            }
        }
    }

    async fn ask(&self, asked: &Asked, old: Option<Arc<Kept>>) -> Result<Fetched, AppError> {
        let question = old.as_ref().map_or_else(|| asked.clone(), |old| old.question(asked));
        let answered = timeout(self.patience, self.home.ask(question.map(|()| Body::empty()))).await;
        let answered = answered.unwrap_or_else(|late| Err(AppError::BadGateway(late.into())));
        let in_need = old.as_ref().filter(|old| old.helps_in_need());
        let response = match (answered, in_need) {
            (Ok(response), Some(old)) if response.status().is_server_error() => return Ok(Fetched::Kept(old.clone())),
            (Err(_), Some(old)) => return Ok(Fetched::Kept(old.clone())),
            (answered, _) => proxy::answer(&Method::GET, answered?)?,
        };
        let (head, body) = response.into_parts();
        if let Some(old) = old.filter(|_| head.status == StatusCode::NOT_MODIFIED) {
            return match old.confirmed(asked, &head) {
                Some(kept) => Ok(Fetched::Kept(self.keep(asked, kept))),
                // It speaks of something else than we have, so we have nothing.
                None => Box::pin(self.ask(asked, None)).await,
            };
        }
        let length = body.size_hint().exact().and_then(|length| u32::try_from(length).ok());
        let fitting = length.filter(|length| *length as usize <= self.store.largest());
        // All by the head, so that what is not kept passes as it comes.
        let may_be_kept = is_for_everybody(&head) && Kept::may_be(asked, &head);
        let Some(_in_hand) =
            fitting.filter(|_| may_be_kept).and_then(|length| self.in_hand.try_acquire_many(length).ok())
        else {
            return Ok(Fetched::ForOne(Response::from_parts(head, body)));
        };
        let body = self.whole(body).await.map_err(AppError::BadGateway)?;
        match Kept::new(asked, &head, body.clone()) {
            Some(kept) => Ok(Fetched::Kept(self.keep(asked, kept))),
            None => Ok(Fetched::ForOne(Response::from_parts(head, body.into()))),
        }
    }

    /// Reads to the end. Half a file is none, and who stops in the middle is waited for as long as for a beginning.
    async fn whole(&self, mut body: Body) -> anyhow::Result<Bytes> {
        let mut whole = Vec::new();
        while let Some(frame) = timeout(self.patience, body.frame()).await? {
            if let Ok(data) = frame?.into_data() {
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.into())
    }

    fn keep(&self, asked: &Asked, kept: Kept) -> Arc<Kept> {
        let kept = Arc::new(kept);
        self.store.keep(asked, kept.clone());
        kept
    }
}

/// What came of a question.
enum Fetched {
    Kept(Arc<Kept>),
    ForOne(Response),
}
