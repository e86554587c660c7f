//! A TCP proxy that stands on the link between two parts, and does to it what a network does on a bad day: slow, hold,
//! cut, swallow. A hold turns a race into an order that is the same in every run.
//!
//! It knows nothing of what it carries but byte patterns; links whose protocol must be understood (Kafka's) are elsewhere.
//! Each verb is in force when it returns: no byte passes against it afterwards, on connections old and new.

mod port;
mod pump;
#[cfg(test)]
mod tests;
mod transit;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

pub use port::Port;
use transit::{Gate, Pattern, Way};

/// Pause after a connection could not be accepted (no file descriptor left): the next try would fail just the same.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A link to one address, by an address of its own. Dropping it ends every connection and closes the port.
///
/// A target that is not there is seen through the link as a reset, since the link has accepted by then. Where a client
/// must be refused, as it is when a process has died, [`cut`](Link::cut) the link too.
pub struct Link {
    shared: Arc<Shared>,
    requests: Direction,
    replies: Direction,
}

/// One direction of every connection of a link.
pub struct Direction {
    shared: Arc<Shared>,
    which: Which,
}

/// Nothing came to be held within the limit.
#[derive(Debug)]
pub struct NothingHeld {
    limit: Duration,
    which: Which,
    passed: u64,
}

impl Link {
    /// A link to `target` that lets everything through. To be called within a tokio runtime, which carries it.
    pub fn to(target: SocketAddr) -> io::Result<Link> {
        let (port, listener) = Port::open()?;
        let shared = Arc::new(Shared {
            port,
            listener: Mutex::new(Some(listener)),
            rules: watch::Sender::new(Rules::new(target)),
            opened: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            requests: Tally::default(),
            replies: Tally::default(),
        });
        tokio::spawn(accept(shared.clone()));
        let direction = |which| Direction { shared: shared.clone(), which };
        Ok(Link { requests: direction(Which::Requests), replies: direction(Which::Replies), shared })
    }

    /// Where to connect to instead of the target.
    pub fn address(&self) -> SocketAddr {
        self.shared.port.address()
    }

    /// Sends connections that are opened from now on to another address: a process came back on another port.
    pub fn retarget(&self, target: SocketAddr) {
        self.shared.rules.send_modify(|rules| rules.target = target);
    }

    /// The same, and those that are open end, as if nobody had been there: whoever keeps one opens another. The link goes on
    /// listening, so that nobody else can have its port meanwhile.
    pub fn moves_to(&self, target: SocketAddr) {
        self.shared.rules.send_modify(|rules| {
            rules.target = target;
            rules.cuts += 1;
        });
    }

    /// Connections opened so far.
    pub fn connections(&self) -> u64 {
        self.shared.opened.load(Relaxed)
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Relaxed)
    }

    /// From the client to the target.
    pub fn requests(&self) -> &Direction {
        &self.requests
    }

    /// From the target to the client.
    pub fn replies(&self) -> &Direction {
        &self.replies
    }

    /// Resets every open connection and refuses new ones, as when the process at the other end is killed.
    pub fn cut(&self) {
        let mut listener = self.shared.listener();
        *listener = None;
        self.shared.rules.send_modify(|rules| {
            rules.mode = Mode::Cut;
            rules.cuts += 1;
        });
    }

    /// Accepts connections and lets nothing through, neither bytes nor ends, as when a cable is pulled.
    /// After a cut the link stays cut.
    pub fn blackhole(&self) {
        self.shared.rules.send_if_modified(|rules| {
            let healthy = rules.mode == Mode::Healthy;
            if healthy {
                rules.mode = Mode::Blackhole;
            }
            healthy
        });
    }

    /// Ends a cut or a black hole; what the black hole kept arrives. What was asked of the directions stays.
    pub fn heal(&self) -> io::Result<()> {
        let mut listener = self.shared.listener();
        if listener.is_none() {
            *listener = Some(self.shared.port.listen()?);
        }
        self.shared.rules.send_modify(|rules| rules.mode = Mode::Healthy);
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cut();
        self.shared.rules.send_modify(|rules| rules.ended = true);
    }
}

impl Direction {
    /// Delays every byte by `delay`, order kept; `Duration::ZERO` ends it, and what was under way arrives at once.
    /// Bandwidth is limited only by what a connection keeps under way: 1 MiB.
    pub fn slow(&self, delay: Duration) {
        self.shared.rules.send_modify(|rules| rules.way_mut(self.which).delay = delay);
    }

    /// Lets nothing through, on any connection.
    pub fn hold(&self) {
        self.set(Gate::Held);
    }

    /// On each connection, lets through up to and including the first match of `pattern` from now on, then holds that
    /// connection. Others flow until they match too, so a health check passes while a request is held.
    pub fn hold_after(&self, pattern: impl Into<Vec<u8>>) {
        self.set(Pattern::new(pattern.into()).map_or(Gate::Held, |pattern| Gate::After(Arc::new(pattern))));
    }

    /// On each connection, lets through what comes before the first match of `pattern` from now on, then holds that
    /// connection. What may be the start of a match waits until that is decided, so a pattern must not start with what
    /// a message may end with.
    pub fn hold_before(&self, pattern: impl Into<Vec<u8>>) {
        self.set(Pattern::new(pattern.into()).map_or(Gate::Held, |pattern| Gate::Before(Arc::new(pattern))));
    }

    /// Lets through what is held now, and holds what comes after it: a conversation, word by word.
    pub fn step(&self) {
        self.set(Gate::Step);
    }

    /// Lets everything through again, and forgets the pattern.
    pub fn release(&self) {
        self.set(Gate::Open);
    }

    /// Waits until something is held by the hold set last: bytes or an end that came to a closed gate, or a match.
    pub async fn held(&self, limit: Duration) -> Result<(), NothingHeld> {
        let mut held = self.shared.tally(self.which).held.subscribe();
        match timeout(limit, held.wait_for(|held| held.connections > 0)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(NothingHeld { limit, which: self.which, passed: self.bytes() }),
        }
    }

    /// Bytes passed on so far.
    pub fn bytes(&self) -> u64 {
        self.shared.tally(self.which).passed.load(Relaxed)
    }

    fn set(&self, gate: Gate) {
        self.shared.rules.send_modify(|rules| {
            let way = rules.way_mut(self.which);
            way.gate = gate;
            way.armed += 1;
            let armed = way.armed;
            // While the rules are locked, so that no connection counts itself for the gate before.
            self.shared.tally(self.which).held.send_replace(Held { armed, connections: 0 });
        });
    }
}

impl fmt::Display for NothingHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.which {
            Which::Requests => "request",
            Which::Replies => "reply",
        };
        write!(f, "no {what} came to be held on the link within {:?} ({} bytes passed so far)", self.limit, self.passed)
    }
}

impl std::error::Error for NothingHeld {}

/// What the verbs, the accepting task and the connections share.
struct Shared {
    port: Port,
    /// `None` while the link is cut. Locked before `rules`, by whoever needs both.
    listener: Mutex<Option<TcpListener>>,
    /// Written by the verbs; every connection waits for changes.
    rules: watch::Sender<Rules>,
    opened: AtomicU64,
    open: AtomicUsize,
    requests: Tally,
    replies: Tally,
}

/// What the verbs have asked for.
struct Rules {
    target: SocketAddr,
    mode: Mode,
    /// How often the link was cut: a connection from before a cut does not outlive it, however soon the link heals.
    cuts: u64,
    ended: bool,
    requests: Way,
    replies: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Healthy,
    Cut,
    Blackhole,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Requests,
    Replies,
}

/// What the connections have done in one direction.
#[derive(Default)]
struct Tally {
    passed: AtomicU64,
    /// Counted by the connections, waited for by `held`.
    held: watch::Sender<Held>,
}

#[derive(Default)]
struct Held {
    /// The setting of the gate that holds them.
    armed: u64,
    connections: usize,
}

impl Held {
    /// Counts a connection in or out, unless the gate was set anew since.
    fn add(&mut self, armed: u64, connections: isize) -> bool {
        let current = self.armed == armed;
        if current {
            self.connections = self.connections.saturating_add_signed(connections);
        }
        current
    }
}

impl Rules {
    fn new(target: SocketAddr) -> Rules {
        let (requests, replies) = Default::default();
        Rules { target, mode: Mode::Healthy, cuts: 0, ended: false, requests, replies }
    }

    fn way(&self, which: Which) -> &Way {
        match which {
            Which::Requests => &self.requests,
            Which::Replies => &self.replies,
        }
    }

    fn way_mut(&mut self, which: Which) -> &mut Way {
        match which {
            Which::Requests => &mut self.requests,
            Which::Replies => &mut self.replies,
        }
    }
}

impl Shared {
    fn tally(&self, which: Which) -> &Tally {
        match which {
            Which::Requests => &self.requests,
            Which::Replies => &self.replies,
        }
    }

    fn listener(&self) -> MutexGuard<'_, Option<TcpListener>> {
        // Nothing that panics runs under this lock.
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next connection, and how often the link had been cut when it came. Pending while there is no listener.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, u64)>> {
        let listener = self.listener();
        let Some(listener) = listener.as_ref() else { return Poll::Pending };
        listener.poll_accept(cx).map_ok(|(client, _)| (client, self.rules.borrow().cuts))
    }
}

/// Takes connections until the link is dropped.
async fn accept(shared: Arc<Shared>) {
    let mut rules = shared.rules.subscribe();
    while !rules.borrow_and_update().ended {
        tokio::select! {
            accepted = poll_fn(|cx| shared.poll_accept(cx)) => match accepted {
                Ok((client, cuts)) => {
                    shared.opened.fetch_add(1, Relaxed);
                    tokio::spawn(pump::carry(shared.clone(), client, cuts));
                }
                Err(_) => sleep(ACCEPT_AGAIN).await,
            },
            // A verb was used: there may be another listener, or none.
            _ = rules.changed() => {}
        }
    }
}
