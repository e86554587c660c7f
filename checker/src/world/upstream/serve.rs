//! Accepts an upstream's connections and serves each, or leaves them alone while the upstream is frozen.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::answer::answer;
use super::{Control, Shared};

/// Pause after a connection could not be accepted (no file descriptor left): the next try would fail just the same.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Takes connections until the upstream is dropped.
pub async fn accept(shared: Arc<Shared>) {
    let mut control = shared.control.subscribe();
    while !control.borrow_and_update().ended {
        tokio::select! {
            accepted = poll_fn(|cx| shared.poll_accept(cx)) => match accepted {
                Ok((stream, life)) => {
                    tokio::spawn(serve(shared.clone(), stream, life));
                }
                Err(_) => sleep(ACCEPT_AGAIN).await,
            },
            _ = control.changed() => {}
        }
    }
}

/// Serves one connection until its client or a verb ends it.
async fn serve(shared: Arc<Shared>, stream: TcpStream, life: u64) {
    // Without it a chunk may wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let usage = Arc::new(Usage::default());
    let mut seat = Seat::take(&shared);
    let io = TokioIo::new(Wire { stream, usage: usage.clone() });
    let service = service_fn(|request| answer(shared.clone(), Busy::with(&usage), request));
    let mut connection = pin!(http1::Builder::new().serve_connection(io, service));
    let mut control = shared.control.subscribe();
    loop {
        let now = control.borrow_and_update().clone();
        if now.life != life || !seat.obey(&now, &usage) {
            return;
        }
        tokio::select! {
            biased;
            changed = control.changed() => if changed.is_err() { return },
            _ = poll_fn(|cx| {
                // Locked meanwhile, so that nothing is answered once `freeze` or `stop` has returned.
                let now = shared.control.borrow();
                if now.frozen || now.life != life { Poll::Pending } else { connection.as_mut().poll(cx) }
            }) => return,
        }
    }
}

/// A connection's place among those that are open, with what it has done of what was asked of all of them.
struct Seat<'a> {
    shared: &'a Shared,
    id: u64,
    control: Control,
}

impl Seat<'_> {
    fn take(shared: &Shared) -> Seat<'_> {
        let control = shared.control.borrow().clone();
        let mut id = 0;
        shared.seats.send_modify(|seats| {
            seats.opened += 1;
            id = seats.opened;
            seats.open.insert(id, control.asked);
        });
        Seat { shared, id, control }
    }

    /// Does what was asked since the last time, and says whether the connection goes on.
    fn obey(&mut self, now: &Control, usage: &Usage) -> bool {
        let idle = usage.requests.load(Relaxed) == 0;
        if idle && now.close_idle > self.control.close_idle {
            return false;
        }
        if idle && now.close_on_use > self.control.close_on_use {
            usage.close_on_use.store(true, Relaxed);
        }
        if now.asked > self.control.asked {
            self.shared.seats.send_modify(|seats| _ = seats.open.insert(self.id, now.asked));
        }
        self.control = now.clone();
        true
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.shared.seats.send_modify(|seats| _ = seats.open.remove(&self.id));
    }
}

/// How a connection is used. Written by its requests and by `Seat::obey`.
#[derive(Default)]
pub struct Usage {
    /// Requests being answered.
    requests: AtomicUsize,
    /// The next bytes of the client end the connection.
    close_on_use: AtomicBool,
}

/// A request that is being answered on a connection, until the answer's last byte is handed over.
pub struct Busy(Arc<Usage>);

impl Busy {
    fn with(usage: &Arc<Usage>) -> Busy {
        usage.requests.fetch_add(1, Relaxed);
        Busy(usage.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Relaxed);
    }
}

/// The client's socket.
struct Wire {
    stream: TcpStream,
    usage: Arc<Usage>,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before && self.usage.close_on_use.load(Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }
}
