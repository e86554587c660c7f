//! Bodies on their way through the balancer: long ones, slow ones, and what the balancer keeps of them.

use hyper::body::Bytes;

use super::Fleet;
use crate::{
    story::{Stop, broken},
    world::{
        World,
        upstream::{Digest, Upstream, big_digest},
        wire::{Answer, Ask, Letter, Wire},
    },
};

const MIB: u64 = 1024 * 1024;

/// A body of which its reader has seen the first piece.
pub struct Download<'f> {
    fleet: &'f Fleet,
    first: Bytes,
    answer: Answer,
}

/// An answer that comes in pieces, each when a verb says so.
pub struct LongAnswer<'f> {
    fleet: &'f Fleet,
    answer: Answer,
    pieces: usize,
}

impl Fleet {
    /// Somebody asks for a body of this size, and reads no further than its first piece.
    pub async fn download_begins(&self, wire: &mut Wire, size: u64) -> Result<Download<'_>, Stop> {
        let why = "The first piece of a body comes before the last.";
        let moment = self.timeline.begin(format!("a download of {} MiB begins, and its reader pauses", size / MIB));
        let failure =
            |silence: crate::world::wire::Silence| silence.is_failure("the body's first piece", "the balancer", why);
        let mut answer = wire.asks(Ask::get(format!("/big/{size}"))).await.map_err(failure)?;
        let first = answer.piece().await.map_err(failure)?.unwrap_or_default();
        moment.end(format!("{}, {} bytes", answer.status.as_u16(), first.len()));
        Ok(Download { fleet: self, first, answer })
    }

    /// A server has read a body of this size, and it was this one.
    pub fn expect_all_arrived(&self, told: &Letter, size: u64) -> Result<(), Stop> {
        let why = "A body passes as it is, whatever its size.";
        told.expect_status(200, why)?;
        let told = told.json().unwrap_or_default();
        if told["length"] == size && told["digest"] == big_digest(size) {
            return Ok(());
        }
        let saw = format!("{} bytes, not the same", told["length"]);
        self.failed(format!("the server gets {size} bytes, as they were sent"), saw, why)
    }

    /// The balancer never held so much more than before; says how much more it was.
    pub fn expect_grown_less_than(&self, before: u64, room: u64, why: &str) -> Result<u64, Stop> {
        let grown = self.balancer().process().peak_memory().saturating_sub(before);
        if grown < room {
            return Ok(grown);
        }
        let expected = format!("{} grows by less than {} MiB", self.balancer().name(), room / MIB);
        self.failed(expected, format!("it grew by {} MiB", grown / MIB), why)
    }

    /// Asks for an answer in pieces; its head comes before any of them.
    pub async fn long_answer(&self, wire: &mut Wire) -> Result<LongAnswer<'_>, Stop> {
        let why = "An answer's head comes when the server has said it.";
        let moment = self.timeline.begin("somebody asks for a page that comes in pieces");
        let asked = wire.asks(Ask::get(self.unique("/stream"))).await;
        let answer = asked.map_err(|silence| silence.is_failure("the answer's head", self.balancer().name(), why))?;
        moment.end(format!("{}, and no piece yet", answer.status.as_u16()));
        Ok(LongAnswer { fleet: self, answer, pieces: 0 })
    }

    /// A balancer that was told to stop takes no new connection, soon.
    pub async fn expect_takes_nobody(&self, world: &World, why: &str) -> Result<(), Stop> {
        let limit = std::time::Duration::from_secs(5);
        let moment = self.timeline.begin("somebody new knocks");
        let refused = world.eventually(limit, || async { self.tries(Ask::get("/light")).await.err() }).await;
        match refused {
            Some(silence) => {
                moment.end(silence.0);
                Ok(())
            }
            None => {
                self.failed("no new connection is taken", format!("still answered after {} s", limit.as_secs()), why)
            }
        }
    }
}

impl Download<'_> {
    /// Reads the rest; with the first piece, it is the whole body.
    pub async fn expect_rest(mut self, size: u64) -> Result<(), Stop> {
        let why = "A body passes as it is, whatever its size and however slow its reader.";
        let moment = self.fleet.timeline.begin("its reader goes on");
        let (mut length, mut digest) = (self.first.len() as u64, Digest::default());
        digest.update(&self.first);
        let failure = |silence: crate::world::wire::Silence| silence.is_failure("the whole body", "the balancer", why);
        while let Some(piece) = self.answer.piece().await.map_err(failure)? {
            length += piece.len() as u64;
            digest.update(&piece);
        }
        moment.end(format!("{length} bytes"));
        if length == size && digest.text() == big_digest(size) {
            return Ok(());
        }
        self.fleet.failed(
            format!("{size} bytes, as the server sent them"),
            format!("{length} bytes, not the same"),
            why,
        )
    }
}

impl LongAnswer<'_> {
    /// The server sends a piece, and it comes before the server sends another.
    pub async fn expect_next_piece(&mut self) -> Result<(), Stop> {
        let why = "Whoever waits for the whole page sees nothing until the slowest part of it is there.";
        self.pieces += 1;
        let (number, process) = (self.pieces, self.fleet.balancer().name());
        let expected = format!("chunk {number}\n");
        let moment = self.fleet.timeline.begin(format!("the server sends piece {number}"));
        self.fleet.servers.iter().for_each(Upstream::next_chunk);
        let mut came = Vec::new();
        while came.len() < expected.len() {
            let piece =
                self.answer.piece().await.map_err(|silence| silence.is_failure("it comes at once", process, why))?;
            match piece {
                Some(piece) => came.extend_from_slice(&piece),
                None => return self.fleet.failed("it comes at once", "the answer ended", why),
            }
        }
        moment.end("there");
        if came != expected.as_bytes() {
            return broken("pieces come in their order, and only when they are asked for");
        }
        Ok(())
    }

    /// The server is done, and its reader knows.
    pub async fn expect_end(mut self) -> Result<(), Stop> {
        let why = "An answer that never ends keeps its reader waiting.";
        self.fleet.servers.iter().for_each(Upstream::end_streams);
        match self.answer.piece().await {
            Ok(None) => Ok(()),
            Ok(Some(piece)) => self.fleet.failed("the end of the answer", format!("{} bytes more", piece.len()), why),
            Err(silence) => self.fleet.failed("the end of the answer", silence.0, why),
        }
    }
}
