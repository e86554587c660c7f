//! Carries one connection of a link: each direction reads, waits as its rules say, and writes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::transit::Transit;
use super::{Mode, Rules, Shared, Which};

/// Read at a time. It lies on the stack of a call that does not wait, so idle connections keep nothing.
const CHUNK: usize = 16 * 1024;

/// Carries `client`'s connection until both sides are done with it, one of them breaks it off, or the link is cut.
/// Whatever ends it early ends it for both sides with a reset, as the side that sees it would be told by a network.
pub async fn carry(shared: Arc<Shared>, client: TcpStream, cuts: u64) {
    let _open = Open::count(&shared);
    let mut client = client;
    let mut server = None;
    let carried = async {
        let target = reachable(&shared, cuts).await?;
        let server = server.insert(tokio::select! {
            biased;
            connected = TcpStream::connect(target) => connected?,
            cut = is_cut(&shared, cuts) => return Err(cut),
        });
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let requests = pump(&shared, Which::Requests, cuts, from_client, to_server);
        let replies = pump(&shared, Which::Replies, cuts, from_server, to_client);
        tokio::try_join!(requests, replies).map(|_| ())
    };
    if carried.await.is_err() {
        for stream in [Some(client), server].into_iter().flatten() {
            // The peer of a stream that is gone already knows.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Where to connect to, once the link is no black hole.
async fn reachable(shared: &Shared, cuts: u64) -> io::Result<std::net::SocketAddr> {
    let mut rules = shared.rules.subscribe();
    let rules = rules.wait_for(|rules| rules.cuts != cuts || rules.mode != Mode::Blackhole).await;
    let rules = rules.map_err(io::Error::other)?;
    if rules.cuts != cuts { Err(cut()) } else { Ok(rules.target) }
}

async fn is_cut(shared: &Shared, cuts: u64) -> io::Error {
    let mut rules = shared.rules.subscribe();
    let _ = rules.wait_for(|rules| rules.cuts != cuts).await;
    cut()
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the link was cut")
}

/// Passes on what `from` says to `to`, its end included, as the rules of this direction allow.
async fn pump(shared: &Shared, which: Which, cuts: u64, from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
    let mut rules = shared.rules.subscribe();
    let mut transit = Transit::default();
    let mut holding = Holding { shared, which, since: None };
    loop {
        let next = step(shared, which, cuts, &mut rules, &mut transit, &mut to, &mut holding)?;
        if next.done {
            return to.shutdown().await;
        }
        let due = next.due.unwrap_or_else(Instant::now);
        tokio::select! {
            changed = rules.changed() => changed.map_err(io::Error::other)?,
            readable = from.readable(), if next.reads => {
                readable?;
                read(&from, &mut transit)?;
            }
            writable = to.writable(), if next.writes => writable?,
            () = sleep_until(due), if next.due.is_some() => {}
        }
    }
}

/// What a direction waits for.
struct Next {
    reads: bool,
    writes: bool,
    due: Option<Instant>,
    done: bool,
}

/// Writes what may go now, and says what to wait for.
///
/// The rules stay locked meanwhile (nothing in here waits), so once a verb has returned no byte passes against it.
fn step(
    shared: &Shared,
    which: Which,
    cuts: u64,
    rules: &mut watch::Receiver<Rules>,
    transit: &mut Transit,
    to: &mut WriteHalf<'_>,
    holding: &mut Holding<'_>,
) -> io::Result<Next> {
    let rules = rules.borrow_and_update();
    if rules.cuts != cuts {
        return Err(cut());
    }
    if rules.mode == Mode::Blackhole {
        return Ok(Next { reads: false, writes: false, due: None, done: false });
    }
    let way = rules.way(which);
    let now = Instant::now();
    let writes = loop {
        let passable = transit.passable(way, now);
        if passable == 0 {
            break false;
        }
        match to.try_write(transit.front(passable)) {
            Ok(count) => {
                transit.pass(count);
                shared.tally(which).passed.fetch_add(count as u64, Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break true,
            Err(error) => return Err(error),
        }
    };
    holding.update(way.armed, transit.is_held(way, now));
    Ok(Next { reads: transit.has_room(way), writes, due: transit.next_due(way, now), done: transit.is_done(way, now) })
}

fn read(from: &ReadHalf<'_>, transit: &mut Transit) -> io::Result<()> {
    let mut chunk = [0; CHUNK];
    match from.try_read(&mut chunk) {
        Ok(0) => transit.end(Instant::now()),
        Ok(count) => transit.arrive(&chunk[..count], Instant::now()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A connection that counts as open while this lives.
struct Open<'a>(&'a Shared);

impl Open<'_> {
    fn count(shared: &Shared) -> Open<'_> {
        shared.open.fetch_add(1, Relaxed);
        Open(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// Whether this connection is among those that `held` counts, and since which setting of the gate.
struct Holding<'a> {
    shared: &'a Shared,
    which: Which,
    since: Option<u64>,
}

impl Holding<'_> {
    fn update(&mut self, armed: u64, held: bool) {
        if self.since == held.then_some(armed) {
            return;
        }
        self.let_go();
        if held {
            self.since = Some(armed);
            self.shared.tally(self.which).held.send_if_modified(|held| held.add(armed, 1));
        }
    }

    fn let_go(&mut self) {
        if let Some(armed) = self.since.take() {
            self.shared.tally(self.which).held.send_if_modified(|held| held.add(armed, -1));
        }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.let_go();
    }
}
