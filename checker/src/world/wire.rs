//! A connection of somebody's own, and exactly what is said on it: heads as they are, bodies that come and go in pieces, and
//! an end in the middle. A browser is too polite for what a balancer has to bear.

mod ask;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Duration};

use http_body_util::BodyExt;
use hyper::{
    HeaderMap, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::AbortHandle, time::timeout};

pub use self::ask::{Ask, Upload};
use super::{site::Server, timeline::Timeline, upstream::Digest};
use crate::story::{Failure, Stop, human};

/// How long anybody waits for the next thing to come. The solutions need milliseconds; reached only by what never comes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Dropping it closes the connection, whatever is under way on it.
pub struct Wire {
    to: String,
    address: SocketAddr,
    sender: SendRequest<ask::Body>,
    carrying: Carrying,
    timeline: Timeline,
}

/// The head of an answer, and what is to come of its body. The wire has to be kept meanwhile.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Incoming,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Letter {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there was no answer, or no end of one: in a few words, as a timeline has them.
#[derive(Clone, Debug)]
pub struct Silence(pub String);

/// The task that carries a connection's bytes.
struct Carrying(AbortHandle);

impl Drop for Carrying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// A new connection, straight to the process. A server that takes none has failed.
    pub async fn wire(&self, timeline: &Timeline) -> Result<Wire, Stop> {
        Wire::open(self.name(), self.own_address(), timeline).await
    }
}

impl Wire {
    pub async fn open(to: &str, address: SocketAddr, timeline: &Timeline) -> Result<Wire, Stop> {
        match Wire::try_open(to, address, timeline).await {
            Ok(wire) => Ok(wire),
            Err(silence) => Err(silence.is_failure(
                format!("{to} takes connections"),
                to,
                "Nobody can be served who is not let in.",
            )),
        }
    }

    pub async fn try_open(to: &str, address: SocketAddr, timeline: &Timeline) -> Result<Wire, Silence> {
        let connecting = async {
            let stream = TcpStream::connect(address).await?;
            // Small pieces leave at once.
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((sender, Carrying(tokio::spawn(connection).abort_handle())))
        };
        let (sender, carrying) = timeout(PATIENCE, connecting)
            .await
            .map_err(|_| Silence(format!("no connection within {}", human(PATIENCE))))?
            .map_err(|error| Silence(format!("no connection: {}", error.kind())))?;
        Ok(Wire { to: to.to_owned(), address, sender, carrying, timeline: timeline.clone() })
    }

    /// Says this, and waits for the head of the answer.
    pub async fn asks(&mut self, ask: Ask) -> Result<Answer, Silence> {
        let ready = timeout(PATIENCE, self.sender.ready()).await;
        if !matches!(ready, Ok(Ok(()))) {
            return Err(Silence("the connection was closed".to_owned()));
        }
        self.timeline.request(ask.as_curl(self.address));
        let answer = timeout(PATIENCE, self.sender.send_request(ask.request(self.address))).await;
        let (head, body) = answer.map_err(|_| nothing_came())?.map_err(|error| broken_off(&error))?.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// The same, and waits for the answer's last byte.
    pub async fn hears(&mut self, ask: Ask) -> Result<Letter, Silence> {
        self.asks(ask).await?.whole().await
    }

    /// The same, told in the timeline. Silence is a failure.
    pub async fn expect(&mut self, ask: Ask, why: &str) -> Result<Letter, Stop> {
        let moment = self.timeline.begin(ask.to_string());
        match self.hears(ask).await {
            Ok(letter) => {
                moment.end(letter.summary());
                Ok(letter)
            }
            Err(silence) => {
                moment.end(silence.0.clone());
                Err(silence.is_failure("an answer", &self.to, why))
            }
        }
    }

    /// Whether the other side has closed it.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Closes it in the middle of whatever is under way.
    pub fn hangs_up(self) {
        drop(self.carrying);
    }
}

impl Answer {
    /// The next bytes of the body; none at its end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Silence> {
        loop {
            let frame = timeout(PATIENCE, self.body.frame()).await.map_err(|_| nothing_came())?;
            match frame.transpose().map_err(|error| broken_off(&error))?.map(|frame| frame.into_data()) {
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(data)) => return Ok(Some(data)),
                // Trailers say nothing that is looked at here.
                Some(Err(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// Reads to the end.
    pub async fn whole(mut self) -> Result<Letter, Silence> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Letter { status: self.status, headers: self.headers, body: body.into() })
    }

    /// Reads to the end and keeps nothing: how many bytes came, and their digest.
    pub async fn measured(mut self) -> Result<(u64, String), Silence> {
        let (mut length, mut digest) = (0, Digest::default());
        while let Some(piece) = self.piece().await? {
            length += piece.len() as u64;
            digest.update(&piece);
        }
        Ok((length, digest.text()))
    }
}

impl Letter {
    pub fn summary(&self) -> String {
        match self.header("x-served-by") {
            Some(server) => format!("{} from {server}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Each value of a header that may come several times, with bytes that are no ASCII as `\xe9`.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.headers.get_all(name).iter().map(|value| value.as_bytes().escape_ascii().to_string()).collect()
    }

    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Silence {
    /// Where `expected` was to come.
    pub fn is_failure(self, expected: impl Into<String>, process: &str, why: &str) -> Stop {
        Stop::Failed(Failure::new(expected, self.0, why).of(process))
    }
}

fn nothing_came() -> Silence {
    Silence(format!("nothing within {}", human(PATIENCE)))
}

fn broken_off(error: &hyper::Error) -> Silence {
    let what = if error.is_parse() { "an answer that makes no sense" } else { "the connection broke" };
    Silence(what.to_owned())
}
