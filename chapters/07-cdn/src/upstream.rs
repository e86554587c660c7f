//! A server behind this one: connections to it, made or kept from an earlier request. Whom to ask is decided elsewhere.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::Request,
    http::{Response, uri::Authority},
};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A server closes connections that are quiet for long, five seconds in the case of some; one that it is about to close
/// is worth nothing.
const KEPT_FOR: Duration = Duration::from_secs(4);

/// Idle connections to one server. More of them would wait for the next crowd and cost both sides a file descriptor.
const KEPT: usize = 32;

/// Read ahead on a connection, at most; also the longest head that an answer may have. What a slow reader has not taken
/// yet stays with the server, not here.
const BUFFER: usize = 64 * 1024;

pub struct Upstream {
    address: Authority,
    /// Connections between two requests, the one used last at the end.
    idle: Mutex<Vec<(SendRequest<Body>, Instant)>>,
}

/// An open connection, for one request.
pub struct Connection {
    sender: SendRequest<Body>,
    upstream: Arc<Upstream>,
}

/// Why there is no answer.
pub enum SendError {
    /// The connection was closed before the first byte was written: here is the request, as it was.
    Unsent(Box<Request>),
    /// The server may have read it, and may have done what it says.
    Broken(anyhow::Error),
}

impl Upstream {
    pub fn new(address: Authority) -> Arc<Upstream> {
        Arc::new(Upstream { address, idle: Mutex::default() })
    }

    pub fn address(&self) -> &str {
        self.address.as_str()
    }

    /// A connection from an earlier request, if one is open as far as we know. The server may have closed it a moment
    /// ago, and the news is still on its way.
    pub fn kept(self: &Arc<Self>) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() > KEPT_FOR {
                // All others are older still.
                idle.clear();
            } else if sender.is_ready() {
                return Some(Connection { sender, upstream: self.clone() });
            }
        }
        None
    }

    pub async fn connect(self: &Arc<Self>) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address()).await?;
        // As for our own answers: a small piece must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // It ends when the server closes it, or nobody holds its sender any more. What goes wrong is told to the sender.
        tokio::spawn(connection);
        Ok(Connection { sender, upstream: self.clone() })
    }

    fn keep(&self, sender: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() == KEPT {
            // The oldest is the likeliest to be closed soon.
            idle.remove(0);
        }
        idle.push((sender, Instant::now()));
    }
}

impl Connection {
    /// Sends the request and waits for the answer's head. Whoever drops this, or the answer's body before its end, closes
    /// the connection, and the server learns that nobody waits any more.
    pub async fn send(self, request: Request) -> Result<Response<Incoming>, SendError> {
        let Connection { mut sender, upstream } = self;
        match sender.try_send_request(request).await {
            Ok(response) => {
                tokio::spawn(async move {
                    // Once the answer has been read to its end, and unless either side wants to close.
                    if sender.ready().await.is_ok() {
                        upstream.keep(sender);
                    }
                });
                Ok(response)
            }
            Err(mut error) => match error.take_message() {
                Some(request) => Err(SendError::Unsent(Box::new(request))),
                None => Err(SendError::Broken(
                    anyhow::Error::new(error.into_error()).context(format!("asking {}", upstream.address)),
                )),
            },
        }
    }
}
