//! One request on one connection, without anything in between that could repeat, follow or wait.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::world::http::{Browser, Request as Wanted};

/// A request, ready to be sent any number of times.
#[derive(Clone, Debug)]
pub struct Outgoing {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Why nobody knows what became of a request that its user has given up.
pub const NOT_IN_TIME: &str = "no answer in time";

/// What became of one request.
#[derive(Clone, Debug)]
pub enum Outcome {
    Answered {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        took: Duration,
    },
    /// No connection: nothing happened.
    Refused(String),
    /// It was sent, or begun, and not answered: it may have happened.
    Unsure(String),
}

impl Outcome {
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Answered { status, .. } => Some(status.as_u16()),
            Outcome::Refused(_) | Outcome::Unsure(_) => None,
        }
    }

    /// In a few words, for a timeline or a story: `503`, `refused`, `no answer`.
    pub fn summary(&self) -> String {
        match self {
            Outcome::Answered { status, .. } => status.as_u16().to_string(),
            Outcome::Refused(_) => "refused".to_owned(),
            Outcome::Unsure(_) => "no answer".to_owned(),
        }
    }
}

impl Outgoing {
    /// A page that anybody may ask for.
    pub fn get(path: &str) -> Outgoing {
        Outgoing { method: Method::GET, path: path.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Outgoing {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }
}

impl Browser {
    /// A request as this browser would send it now, to be sent in a load.
    pub fn outgoing(&self, wanted: &Wanted) -> Outgoing {
        let mut outgoing = Outgoing { method: wanted.method.clone(), ..Outgoing::get(&wanted.path) };
        if !self.cookies().is_empty() {
            outgoing = outgoing.with_header(header::COOKIE, &self.cookie_header());
        }
        if wanted.method != Method::GET && wanted.method != Method::HEAD {
            // The host of a load is the address it is sent to, and so is the origin of its forms.
            let origin = wanted.origin.clone().unwrap_or_else(|| OWN_ORIGIN.to_owned());
            outgoing = outgoing
                .with_header(header::ORIGIN, &origin)
                .with_header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            outgoing.body = wanted.body().into();
        }
        for (name, value) in &wanted.headers {
            if let Ok(name) = name.parse() {
                outgoing = outgoing.with_header(name, value);
            }
        }
        outgoing
    }
}

/// Stands for the origin of whichever address the request goes to.
const OWN_ORIGIN: &str = "own";

/// A connection with nothing under way on it.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Connection {
    pub async fn open(address: SocketAddr, until: Instant) -> Result<Connection, String> {
        let stream = timeout_at(until, TcpStream::connect(address)).await;
        let stream =
            stream.map_err(|_| "no connection in time".to_owned())?.map_err(|error| error.kind().to_string())?;
        // Small requests leave at once.
        _ = stream.set_nodelay(true);
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // It ends when the sender is dropped, or the other side closes.
        tokio::spawn(connection);
        Ok(Connection { sender, address })
    }

    /// Sends a request and reads the whole answer; the connection comes back if it may be used again.
    pub async fn ask(mut self, outgoing: &Outgoing, until: Instant) -> (Outcome, Option<Connection>) {
        let began = Instant::now();
        let answering = async {
            let answer = self.sender.send_request(self.request(outgoing)).await?;
            let (head, body) = answer.into_parts();
            Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
        };
        match timeout_at(until, answering).await {
            Ok(Ok((head, body))) => {
                let reusable = self.sender.ready().await.is_ok();
                let outcome =
                    Outcome::Answered { status: head.status, headers: head.headers, body, took: began.elapsed() };
                (outcome, reusable.then_some(self))
            }
            Ok(Err(error)) => (Outcome::Unsure(error.to_string()), None),
            Err(_) => (Outcome::Unsure(NOT_IN_TIME.to_owned()), None),
        }
    }

    fn request(&self, outgoing: &Outgoing) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        // A path of the checker's own.
        *request.uri_mut() = outgoing.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.clone_from(&outgoing.headers);
        let host = self.address.to_string();
        if headers.get(header::ORIGIN).is_some_and(|origin| origin == OWN_ORIGIN) {
            headers.remove(header::ORIGIN);
            insert(headers, header::ORIGIN, &format!("http://{host}"));
        }
        if !headers.contains_key(header::HOST) {
            insert(headers, header::HOST, &host);
        }
        request
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // An address has no sign that a header may not have.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Connections that are kept between requests, for each address.
pub struct Pool {
    addresses: Vec<SocketAddr>,
    idle: Mutex<Vec<Vec<Connection>>>,
    next: AtomicUsize,
}

impl Pool {
    pub fn new(addresses: &[SocketAddr]) -> Pool {
        let idle = addresses.iter().map(|_| Vec::new()).collect();
        Pool { addresses: addresses.to_vec(), idle: Mutex::new(idle), next: AtomicUsize::new(0) }
    }

    pub async fn ask(&self, outgoing: &Outgoing, until: Instant) -> Outcome {
        let which = self.next.fetch_add(1, Relaxed) % self.addresses.len();
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner)[which].pop();
        let connection = match kept.filter(|connection| !connection.sender.is_closed()) {
            Some(kept) => kept,
            None => match Connection::open(self.addresses[which], until).await {
                Ok(connection) => connection,
                Err(why) => return Outcome::Refused(why),
            },
        };
        let (outcome, connection) = connection.ask(outgoing, until).await;
        if let Some(connection) = connection {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner)[which].push(connection);
        }
        outcome
    }
}
