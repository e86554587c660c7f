//! What is said on a wire: a request, its body whole or in pieces.

use std::{convert::Infallible, fmt, net::SocketAddr};

use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Request,
    body::{Bytes, Frame},
    header::{self, HeaderName, HeaderValue},
};
use tokio::sync::mpsc;

pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A request, to be sent once.
pub struct Ask {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Body,
}

/// The other end of a body that is sent piece by piece. Dropping it ends the body.
pub struct Upload {
    pieces: mpsc::Sender<Bytes>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Ask {
        Ask::new(Method::GET, path)
    }

    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Ask {
        Ask { method, path: path.into(), headers: HeaderMap::new(), body: Empty::new().boxed_unsync() }
    }

    /// One header more, beside those of the same name. `Host` is added unless it is said.
    pub fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Ask {
        // The checker's own values are without control signs.
        if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    /// By another method.
    pub fn by(self, method: Method) -> Ask {
        Ask { method, ..self }
    }

    /// With the site in the request line, as whoever speaks to a proxy sends it.
    pub fn to(self, site: &str) -> Ask {
        Ask { path: format!("{site}{}", self.path), ..self }
    }

    /// With a body of known length.
    pub fn body(self, bytes: impl Into<Bytes>) -> Ask {
        Ask { body: Full::new(bytes.into()).boxed_unsync(), ..self }
    }

    /// With a body that comes in chunks, each when the one before was taken.
    pub fn chunks(self, chunks: impl Stream<Item = Bytes> + Send + 'static) -> Ask {
        let frames = chunks.map(|chunk| Ok(Frame::data(chunk)));
        Ask { body: StreamBody::new(frames).boxed_unsync(), ..self }
    }

    /// With a body that is sent as it is written.
    pub fn upload(self) -> (Ask, Upload) {
        let (pieces, written) = mpsc::channel(1);
        let chunks = stream::unfold(written, |mut written: mpsc::Receiver<Bytes>| async move {
            written.recv().await.map(|piece| (piece, written))
        });
        (self.chunks(chunks), Upload { pieces })
    }

    pub(super) fn request(self, to: SocketAddr) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        // Paths are the checker's own.
        *request.uri_mut() = self.path.parse().unwrap_or_default();
        *request.headers_mut() = self.headers;
        if !request.headers().contains_key(header::HOST)
            && let Ok(host) = HeaderValue::from_str(&to.to_string())
        {
            request.headers_mut().insert(header::HOST, host);
        }
        request
    }

    pub(super) fn as_curl(&self, to: SocketAddr) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| {
                let quote = if value.to_str().is_ok() { "'" } else { "$'" };
                format!(" -H {quote}{name}: {}'", value.as_bytes().escape_ascii())
            })
            .collect();
        format!("curl -i -X {}{headers} 'http://{to}{}'", self.method, self.path)
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Upload {
    /// Hands over a piece, once there is room for it. Says whether anybody takes it.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.pieces.send(piece.into()).await.is_ok()
    }
}
