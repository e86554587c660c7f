//! An upstream for the balancer that does what a scenario needs a server to do: be busy, be sick, die, freeze, close a
//! connection at the worst moment, and say exactly who came. A real HTTP/1.1 server on a real port, in the checker's process.
//!
//! Each path is a way to behave:
//!
//! | path | behaves |
//! |---|---|
//! | `/health` | a probe: answered at once, or not at all (`health_hangs`), outside the workers, neither logged nor in flight |
//! | `/slow…` | takes a worker until `release_slow` or `release_one` |
//! | `/light…` | takes a worker for 2 ms (`light_takes`) |
//! | `/echo` | JSON: served_by, method, uri, version, headers (pairs, `\xe9` for a byte that is no ASCII), length, digest, body (text up to 64 KiB) |
//! | `/status/N` | answers N; a redirection has a Location |
//! | `/headers` | repeated headers, and some for the next hop only |
//! | `/stream`, `/stream/N` | head at once, then a chunk (`chunk 1\n`…) for each `next_chunk`, until `end_streams` or N |
//! | `/big/BYTES` | that many bytes, streamed; `big_digest` |
//! | `/sink` | reads and counts a body of any length as it comes: `sunk` |
//! | `/wait/MS` | answers after that many milliseconds, without a worker |
//! | `/hang` | never answers |
//! | `/close` | reads the request, closes the connection without an answer |
//! | `/die_after_head` | sends its head and a hundredth of what it promised, then closes |
//!
//! Every answer says `x-served-by: NAME`. Anything else is a 404.

mod answer;
mod bytes;
mod log;
mod sees;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};

use super::proxy::Port;
pub use answer::NO_ASCII;
pub use bytes::{Digest, big_digest, blocks};
use log::Log;
pub use log::{Arrival, State};

/// How long `/light` keeps a worker: long enough to queue behind, short enough for hundreds in a check.
const LIGHT_TAKES: Duration = Duration::from_millis(2);

/// A controllable server. Dropping it stops it.
///
/// `stop` and `freeze` are in force when they return: nothing is answered afterwards.
pub struct Upstream {
    shared: Arc<Shared>,
}

impl Upstream {
    /// Starts a server with that many workers. To be called within a tokio runtime, which runs it.
    pub fn start(name: impl Into<String>, workers: usize) -> io::Result<Upstream> {
        let (port, listener) = Port::open()?;
        let shared = Arc::new(Shared {
            name: name.into(),
            port,
            listener: Mutex::new(Some(listener)),
            control: watch::Sender::default(),
            seats: watch::Sender::default(),
            workers: Workers::new(workers),
            slow: Mutex::default(),
            light_takes: AtomicU64::new(LIGHT_TAKES.as_micros() as u64),
            health: watch::Sender::new(Some(StatusCode::OK)),
            probes: watch::Sender::default(),
            chunks: watch::Sender::default(),
            sunk: watch::Sender::default(),
            log: Arc::default(),
        });
        tokio::spawn(serve::accept(shared.clone()));
        Ok(Upstream { shared })
    }

    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The same after `start_again`.
    pub fn address(&self) -> SocketAddr {
        self.shared.port.address()
    }

    // What it does.

    /// Lets every `/slow` that has come so far be answered, those that queue for a worker too. Says how many.
    pub fn release_slow(&self) -> usize {
        std::iter::from_fn(|| self.release_one().then_some(())).count()
    }

    /// Lets the oldest `/slow` be answered. Says whether there was one.
    pub fn release_one(&self) -> bool {
        let mut slow = self.shared.slow();
        // A visitor who went away cannot be released.
        std::iter::from_fn(|| slow.pop_front()).any(|release| release.send(()).is_ok())
    }

    /// How long `/light` keeps a worker, from now on.
    pub fn light_takes(&self, time: Duration) {
        self.shared.light_takes.store(time.as_micros() as u64, Relaxed);
    }

    /// What probes are answered from now on.
    pub fn set_health(&self, status: StatusCode) {
        self.shared.health.send_replace(Some(status));
    }

    /// Probes are taken and not answered, until `set_health`. Everything else goes on.
    pub fn health_hangs(&self) {
        self.shared.health.send_replace(None);
    }

    /// Lets each `/stream` that is in flight send one chunk more.
    pub fn next_chunk(&self) {
        self.shared.chunks.send_modify(|chunks| chunks.released += 1);
    }

    /// Ends each `/stream` that is in flight.
    pub fn end_streams(&self) {
        self.shared.chunks.send_modify(|chunks| chunks.ends += 1);
    }

    // How it fails.

    /// Dies: refuses connections, closes those that are open with whatever is in flight on them. The port stays its own.
    pub fn stop(&self) {
        let mut listener = self.shared.listener();
        *listener = None;
        self.shared.control.send_modify(|control| {
            control.life += 1;
            control.frozen = false;
        });
    }

    /// Comes back at the same address, with its log, neither frozen nor with anything in flight.
    pub fn start_again(&self) -> io::Result<()> {
        let mut listener = self.shared.listener();
        if listener.is_none() {
            *listener = Some(self.shared.port.listen()?);
        }
        // The accepting task has to look again.
        self.shared.control.send_modify(|_| {});
        Ok(())
    }

    /// Does nothing at all any more, as after SIGSTOP: the kernel still accepts connections, and nobody serves them.
    pub fn freeze(&self) {
        self.shared.control.send_modify(|control| control.frozen = true);
    }

    /// Goes on where it was frozen.
    pub fn thaw(&self) {
        self.shared.control.send_modify(|control| control.frozen = false);
    }

    /// Closes every connection on which nothing is in flight, as after a keep-alive timeout. Says how many, once they are
    /// closed.
    pub async fn close_idle(&self) -> usize {
        let before = self.asks(|control| control.close_idle += 1).await;
        let seats = self.shared.seats.borrow();
        before.iter().filter(|id| !seats.open.contains_key(id)).count()
    }

    /// Every connection on which nothing is in flight will be closed when its next request's first bytes come: the keep-alive
    /// timeout that races with a request. New connections are served.
    pub async fn close_on_next_use(&self) {
        self.asks(|control| control.close_on_use += 1).await;
    }

    /// Asks something of every connection, and waits until each has done it. Says which there were.
    async fn asks(&self, ask: impl FnOnce(&mut Control)) -> Vec<u64> {
        let before: Vec<u64> = self.shared.seats.borrow().open.keys().copied().collect();
        let mut asked = 0;
        self.shared.control.send_modify(|control| {
            control.asked += 1;
            asked = control.asked;
            ask(control);
        });
        let mut seats = self.shared.seats.subscribe();
        // It fails only when the seats are gone, and they are ours.
        let _ = seats.wait_for(|seats| seats.open.values().all(|done| *done >= asked)).await;
        before
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
        self.shared.control.send_modify(|control| control.ended = true);
    }
}

/// What the verbs, the accepting task, the connections and their requests share.
struct Shared {
    name: String,
    port: Port,
    /// `None` while it is stopped. Locked before `control`, by whoever needs both.
    listener: Mutex<Option<TcpListener>>,
    /// Written by the verbs; every connection waits for changes.
    control: watch::Sender<Control>,
    /// Written by the connections; verbs wait for them.
    seats: watch::Sender<Seats>,
    workers: Workers,
    /// Those that keep, or will keep, a worker until released; the oldest first.
    slow: Mutex<VecDeque<oneshot::Sender<()>>>,
    /// In microseconds.
    light_takes: AtomicU64,
    /// `None` where probes are not answered.
    health: watch::Sender<Option<StatusCode>>,
    probes: watch::Sender<u64>,
    chunks: watch::Sender<Chunks>,
    sunk: watch::Sender<u64>,
    log: Arc<watch::Sender<Log>>,
}

/// What is asked of the connections; the numbers only grow.
#[derive(Clone, Default)]
struct Control {
    /// Raised by `stop`: a connection of an earlier life is dead.
    life: u64,
    frozen: bool,
    ended: bool,
    close_idle: u64,
    close_on_use: u64,
    /// Raised with the two before, for `asks` to wait for.
    asked: u64,
}

/// Those who do the work, and who waits for one of them.
struct Workers {
    count: usize,
    free: Semaphore,
    /// Kept by a `/slow`, until a verb releases it.
    kept: AtomicUsize,
    /// Quick requests in line.
    quick_in_line: AtomicUsize,
}

#[derive(Default)]
struct Seats {
    opened: u64,
    /// By number, what was last `asked` and is done.
    open: BTreeMap<u64, u64>,
}

#[derive(Clone, Copy, Default)]
struct Chunks {
    released: u64,
    ends: u64,
}

impl Workers {
    fn new(count: usize) -> Workers {
        let (kept, quick_in_line) = Default::default();
        Workers { count, free: Semaphore::new(count), kept, quick_in_line }
    }
}

impl Shared {
    fn listener(&self) -> MutexGuard<'_, Option<TcpListener>> {
        // Nothing that panics runs under these locks.
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slow(&self) -> MutexGuard<'_, VecDeque<oneshot::Sender<()>>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next connection, and in which life it came. Pending while stopped or frozen.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, u64)>> {
        let listener = self.listener();
        let control = self.control.borrow();
        match listener.as_ref() {
            Some(listener) if !control.frozen => listener.poll_accept(cx).map_ok(|(stream, _)| (stream, control.life)),
            _ => Poll::Pending,
        }
    }
}
