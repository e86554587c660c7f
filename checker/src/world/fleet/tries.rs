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

    /// Reads and writes in turn, one after the other, each over a new connection: how many were not answered with 200.
    pub async fn missing_of(&self, times: usize) -> Result<usize, Stop> {
        let moment = self.timeline.begin(format!("{times} requests, every other one a POST"));
        let mut answers = Vec::new();
        for turn in 0..times {
            let path = self.unique("/echo");
            let ask = if turn % 2 == 0 { Ask::get(path) } else { Ask::new(Method::POST, path).body("gossip") };
            answers.push(self.tries(ask).await);
        }
        let missing: Vec<String> = answers.iter().filter(|answer| !is_200(answer)).map(told).collect();
        let first = missing.first().map(|first| format!("; the first that did not was {first}")).unwrap_or_default();
        moment.end(format!("{} answered{first}", times - missing.len()));
        Ok(missing.len())
    }

    /// At most one for each connection that was open to the dead: those it may have had already.
    pub fn expect_missing_at_most(&self, most: usize, missing: usize, why: &str) -> Result<(), Stop> {
        if missing <= most {
            return Ok(());
        }
        let expected = match most {
            0 => "every request is answered by one of the living".to_owned(),
            most => format!("every request is answered by one of the living, but for {most} that were under way"),
        };
        self.failed(expected, format!("{missing} were not"), why)
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
        let began = Instant::now();
        let letter = self.ask(ask, why).await?;
        let took = began.elapsed();
        letter.expect_status(503, why)?;
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
