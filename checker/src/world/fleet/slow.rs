//! Slow requests: where each was put, and when it is over.

use std::time::Duration;

use futures_util::future::select_all;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use super::{ARRIVES, Fleet};
use crate::{
    story::{Stop, broken, human},
    world::wire::{Ask, Letter, Silence, Wire},
};

/// So many times as many requests as are wanted come at most: by then, even who throws dice has some at each server.
const ENOUGH: usize = 8;
/// How long an answer that was released may take to its reader.
const COMES: Duration = Duration::from_secs(10);

/// A request that takes its time.
pub struct Slow {
    server: usize,
    path: String,
    ended: JoinHandle<Result<Letter, Silence>>,
}

impl Fleet {
    /// Somebody asks for something slow, and a server has it: says which.
    pub async fn begins_slow(&mut self) -> Result<usize, Stop> {
        let (slow, _) = self.begins("/slow").await?;
        let server = slow.server;
        self.slow.push(slow);
        Ok(server)
    }

    /// They come, one after the other, until each server has so many.
    pub async fn slow_ones_come(&mut self, each: usize) -> Result<(), Stop> {
        let moment = self.timeline.begin(format!("slow requests come, until each server has {each}"));
        let mut came = 0;
        while !self.everybody_has(each, "/slow") && came < ENOUGH * each * self.servers.len() {
            self.begins_slow().await?;
            came += 1;
        }
        moment.end(self.counts(|server| server.in_flight_of("/slow")));
        self.expect_everybody_has(each, "/slow", "slow ones")
    }

    /// Answers begin, whose heads and first pieces are there and whose ends are not, until each server has so many.
    pub async fn long_answers_begin(&mut self, each: usize) -> Result<(), Stop> {
        let moment =
            self.timeline.begin(format!("answers begin (the head, a first piece), until each server has {each}"));
        let mut came = 0;
        while !self.everybody_has(each, "/stream") && came < ENOUGH * each * self.servers.len() {
            came += 1;
            let (slow, first_piece) = self.begins("/stream").await?;
            self.servers[slow.server].next_chunk();
            if timeout(ARRIVES, first_piece).await.is_err() {
                let why = "What a server has said is passed on when it comes.";
                return self.failed("the first piece of a long answer arrives", "nothing came", why);
            }
            self.slow.push(slow);
        }
        moment.end(self.counts(|server| server.in_flight_of("/stream")));
        self.expect_everybody_has(each, "/stream", "long answers")
    }

    /// Sends one, and waits until it is at a server. What is received says that a first piece of its body came.
    async fn begins(&self, path: &str) -> Result<(Slow, oneshot::Receiver<()>), Stop> {
        let path = self.unique(path);
        let (came, first_piece) = oneshot::channel();
        let mut ended = tokio::spawn(hears(self.connect().await?, path.clone(), came));
        let arrived = select_all(self.servers.iter().map(|server| Box::pin(server.wait_visit(&path))));
        let why = "A balancer hands requests on.";
        let server = tokio::select! {
            arrived = timeout(ARRIVES, arrived) => match arrived {
                Ok(((), server, _)) => server,
                Err(_) => return self.failed("a slow request is handed on to a server", "none of them got it", why),
            },
            ended = &mut ended => {
                let saw = ended?.map_or_else(|silence| silence.0, |letter| letter.summary());
                return self.failed("a slow request is handed on to a server", saw, why);
            }
        };
        Ok((Slow { server, path, ended }, first_piece))
    }

    /// How many are under way at each server.
    pub fn slow_ones(&self) -> Vec<usize> {
        self.servers.iter().map(|server| server.in_flight_of("/slow")).collect()
    }

    fn everybody_has(&self, each: usize, path: &str) -> bool {
        self.servers.iter().all(|server| server.in_flight_of(path) >= each)
    }

    fn expect_everybody_has(&self, each: usize, path: &str, what: &str) -> Result<(), Stop> {
        if self.everybody_has(each, path) {
            return Ok(());
        }
        let why = "One server has more than enough to do, and another one has not.";
        let saw = self.counts(|server| server.in_flight_of(path));
        self.failed(format!("of {what}, each server has its share"), saw, why)
    }

    /// All servers finish, but for one slow request each: they are equally busy then.
    pub async fn each_has_one_left(&mut self) -> Result<(), Stop> {
        for server in 0..self.servers.len() {
            self.finishes_all_but(server, 1).await?;
        }
        Ok(())
    }

    /// So many slow ones, and quick ones between them: whoever deals requests like cards puts all slow ones on one server.
    pub async fn slow_ones_between_quick_ones(&mut self, times: usize) -> Result<(), Stop> {
        let moment = self.timeline.begin(format!("{times} slow requests come, with quick ones between them"));
        for _ in 0..times {
            self.begins_slow().await?;
            if self.has_room() {
                for _ in 1..self.servers.len() {
                    self.quick(&mut self.connect().await?).await?;
                }
            }
        }
        moment.end(self.counts(|server| server.in_flight_of("/slow")));
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.servers.iter().any(|server| server.in_flight_of("/slow") < server.workers())
    }

    /// No server has more slow ones than it can work on, as long as another has room.
    pub fn expect_nobody_overloaded(&self, why: &str) -> Result<(), Stop> {
        let overloaded = self.servers.iter().find(|server| server.in_flight_of("/slow") > server.workers());
        match overloaded.filter(|_| self.has_room()) {
            None => Ok(()),
            Some(server) => {
                let expected =
                    format!("no server has more slow ones than it can work on, which is {}", server.workers());
                self.failed(expected, self.counts(|server| server.in_flight_of("/slow")), why)
            }
        }
    }

    /// A server is done with all of its slow requests but so many, and their readers have the last byte.
    pub async fn finishes_all_but(&mut self, server: usize, rest: usize) -> Result<(), Stop> {
        let upstream = &self.servers[server];
        let (here, elsewhere) = std::mem::take(&mut self.slow).into_iter().partition(|slow| slow.server == server);
        self.slow = elsewhere;
        let here: Vec<Slow> = here;
        let done = here.len() - rest;
        let moment = self.timeline.begin(format!("{} finishes {done} of its {}", upstream.name(), here.len()));
        for _ in 0..done {
            upstream.release_one();
        }
        // The oldest are released first, and they are in this order.
        for (index, slow) in here.into_iter().enumerate() {
            if index < done {
                self.expect_answered(slow).await?;
            } else {
                self.slow.push(slow);
            }
        }
        moment.end("answered");
        Ok(())
    }

    /// A server ends all of its long answers, and their readers have the last byte.
    pub async fn ends_long_answers(&mut self, server: usize) -> Result<(), Stop> {
        self.servers[server].end_streams();
        self.finishes_all_but(server, 0).await
    }

    /// Everything slow comes to its end, and is answered.
    pub async fn slow_ones_end(&mut self) -> Result<(), Stop> {
        let moment = self.timeline.begin("the slow ones come to their end");
        for server in &self.servers {
            server.release_slow();
            server.end_streams();
        }
        for slow in std::mem::take(&mut self.slow) {
            self.expect_answered(slow).await?;
        }
        moment.end("all answered");
        Ok(())
    }

    /// An answer that took its server so long has come.
    pub fn expect_waited_for(&self, letter: &Letter, took: Duration, why: &str) -> Result<(), Stop> {
        if letter.status.as_u16() == 200 {
            return Ok(());
        }
        let expected = format!("200, once the server has it: after {}", human(took));
        self.failed(expected, letter.summary(), why)
    }

    async fn expect_answered(&self, slow: Slow) -> Result<(), Stop> {
        let why = "A slow request is a request, and gets its answer to the end.";
        let expected = "200, and the whole answer";
        match timeout(COMES, slow.ended).await {
            Ok(Ok(Ok(letter))) if letter.status.as_u16() == 200 => Ok(()),
            Ok(Ok(Ok(letter))) => self.failed(expected, letter.summary(), why),
            Ok(Ok(Err(silence))) => self.failed(expected, silence.0, why),
            Ok(Err(error)) => broken(format!("whoever asked for {} is gone: {error}", slow.path)),
            Err(_) => self.failed(expected, "nothing came, long after the server had answered", why),
        }
    }

    /// Everything slow comes to its end, answered or not: some of it was at a server that died.
    pub async fn slow_ones_are_over(&mut self) -> Result<(), Stop> {
        for server in &self.servers {
            server.release_slow();
        }
        for slow in std::mem::take(&mut self.slow) {
            // What became of it is judged elsewhere.
            let _ = timeout(COMES, slow.ended).await;
        }
        Ok(())
    }
}

async fn hears(mut wire: Wire, path: String, came: oneshot::Sender<()>) -> Result<Letter, Silence> {
    let mut answer = wire.asks(Ask::get(path)).await?;
    let first = answer.piece().await?;
    // Whoever does not wait for it has dropped the other end.
    let _ = came.send(());
    let rest = answer.whole().await?;
    let body = [first.unwrap_or_default(), rest.body].concat().into();
    Ok(Letter { body, ..rest })
}
