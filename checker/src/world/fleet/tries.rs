//! Requests that are only counted: where they went, and how many were answered.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hyper::Method;
use tokio::time::timeout;

use super::Fleet;
use crate::{
    story::Stop,
    world::{
        http::{Browser, Request},
        upstream::Upstream,
        wire::{Ask, Letter, Silence, Wire},
    },
};

/// In which a server that is back gets its first requests, sixty times what is promised.
const SOON: Duration = Duration::from_secs(3);

impl Fleet {
    /// Over a connection of its own. What is not answered is silence, and no failure.
    pub async fn tries(&self, ask: Ask) -> Result<Letter, Silence> {
        let door = self.balancer();
        Wire::try_open(door.name(), door.own_address(), &self.timeline).await?.hears(ask).await
    }

    /// A server dies, and of those who ask then nobody misses an answer; but for one on each connection that was open to
    /// it, since it may have had that request already.
    pub async fn expect_death_unnoticed(&self, server: usize, method: Method) -> Result<(), Stop> {
        const TIMES: usize = 12;
        let under_way = self.servers[server].open();
        self.dies(server);
        let moment = self.timeline.begin(format!("{TIMES} {method}s, one after the other"));
        let mut missing = Vec::new();
        for _ in 0..TIMES {
            let ask = Ask::new(method.clone(), self.unique("/echo"));
            let answer = self.tries(if method == Method::POST { ask.body("gossip") } else { ask }).await;
            if !is_200(&answer) {
                missing.push(told(&answer));
            }
        }
        moment.end(format!("{} answered", TIMES - missing.len()));
        if missing.len() <= under_way {
            return Ok(());
        }
        let expected = match under_way {
            0 => format!("every {method} is answered by one of the living"),
            most => format!("every {method} is answered by one of the living, but for {most} that were under way"),
        };
        let saw = format!("{} of {TIMES} were not; the first one saw {}", missing.len(), missing[0]);
        let why = "A connection that is refused has carried nothing. The same request can go to the next server, a POST as \
                   well, and is not sent twice.";
        self.failed(expected, saw, why)
    }

    /// So many requests at once, answered or not: their paths start with what is returned.
    pub async fn asked_for(&self, path: &str, times: usize) -> Result<String, Stop> {
        let moment = self.timeline.begin(format!("{times} requests, each over a new connection"));
        let answers = join_all((0..times).map(|_| self.tries(Ask::get(self.unique(path))))).await;
        let answered = answers.iter().filter(|answer| is_200(answer)).count();
        let busiest = self.servers.iter().filter(|server| server.visits(path) > 0);
        let told: Vec<_> = busiest.map(|server| format!("{}: {}", server.name(), server.visits(path))).collect();
        moment.end(format!("{answered} answered; {}", told.join(", ")));
        Ok(path.to_owned())
    }

    /// So many requests, whatever becomes of them.
    pub async fn let_readers_try(&self, times: usize) -> Result<(), Stop> {
        self.asked_for("/light/try", times).await.map(drop)
    }

    /// So many pages for one browser, with its cookies: how many each server got.
    pub async fn browses(&self, browser: &mut Browser, times: usize) -> Result<Vec<usize>, Stop> {
        let moment = self.timeline.begin(format!("{times} quick requests of {}, with a cookie", browser.name));
        let mut counts = vec![0; self.servers.len()];
        for _ in 0..times {
            let path = self.unique("/light");
            browser.sends(&Request::get(&path)).await.expect_page("A quick request is answered.")?;
            if let Some(server) = self.taker(&path) {
                counts[server] += 1;
            }
        }
        moment.end(self.told(&counts));
        Ok(counts)
    }

    /// A server gets a share of the quick requests again, soon.
    pub async fn expect_used_again(&self, server: usize, why: &str) -> Result<(), Stop> {
        let deadline = Instant::now() + SOON;
        loop {
            let path = self.unique("/light/back");
            for _ in 0..30 {
                let _ = self.tries(Ask::get(path.clone())).await;
            }
            let counts: Vec<_> = self.servers.iter().map(|server| server.visits(&path)).collect();
            if counts[server] >= 3 || Instant::now() > deadline {
                self.timeline.saw("30 quick requests, one after the other", self.told(&counts));
                return self.expect_at(&counts, server, 3, why);
            }
        }
    }

    /// Nobody is left to ask. Connections that were kept are found to be broken by some who are not asked what they saw.
    pub async fn everybody_dies(&self) -> Result<(), Stop> {
        let kept: usize = self.servers.iter().map(Upstream::open).sum();
        for server in 0..self.servers.len() {
            self.dies(server);
        }
        if kept > 0 {
            self.let_readers_try(kept).await?;
        }
        Ok(())
    }

    /// The balancer's own 503, with Retry-After; says how long it took.
    pub async fn expect_busy(&self, ask: Ask) -> Result<Duration, Stop> {
        let why = "Nobody is there to ask: 503 says so, and Retry-After when to try again.";
        let expected = format!("503 to {ask}: no server is left");
        let began = Instant::now();
        let letter = self.ask(ask, why).await?;
        let took = began.elapsed();
        if letter.status.as_u16() != 503 {
            return self.failed(expected, letter.summary(), why);
        }
        let seconds = letter.header("retry-after").and_then(|value| value.parse::<u64>().ok());
        match seconds {
            Some(1..) => Ok(took),
            _ => {
                let saw = letter
                    .header("retry-after")
                    .map_or("no Retry-After".to_owned(), |value| format!("Retry-After: {value}"));
                self.failed("503 with Retry-After: a whole number of seconds, at least 1", saw, why)
            }
        }
    }

    /// So many readers at once, of a server that reads what they want and closes their connections.
    pub async fn everybody_breaks_off(&self, people: usize) -> Result<(), Stop> {
        const LIMIT: Duration = Duration::from_secs(10);
        let moment = self.timeline.begin(format!("{people} people at once, and every server breaks off"));
        let asking = join_all((0..people).map(|_| self.tries(Ask::get(self.unique("/close")))));
        match timeout(LIMIT, asking).await {
            Ok(answers) => {
                let answered = answers.iter().filter(|answer| answer.is_ok()).count();
                moment.end(format!("{answered} were told so; {}", self.counts(|server| server.visits("/close"))));
                Ok(())
            }
            Err(_) => {
                let why = "Somebody is still trying, and somebody is still waiting.";
                self.failed("everybody is told soon", "not everybody was, within 10 s", why)
            }
        }
    }
}

fn is_200(answer: &Result<Letter, Silence>) -> bool {
    answer.as_ref().is_ok_and(|letter| letter.status.as_u16() == 200)
}

fn told(answer: &Result<Letter, Silence>) -> String {
    match answer {
        Ok(letter) => letter.summary(),
        Err(silence) => silence.0.clone(),
    }
}
