//! How often a request comes to the servers: a server that fell silent may have done what it was asked.

use std::collections::BTreeMap;

use hyper::Method;

use super::Fleet;
use crate::{story::Stop, world::wire::Ask};

impl Fleet {
    /// A server reads this and closes the connection: it is sent once, and the answer is 502.
    pub async fn expect_sent_once(&self, method: Method, body: Option<&'static str>, why: &str) -> Result<(), Stop> {
        let path = self.unique("/close");
        let ask = Ask::new(method.clone(), path.clone());
        let letter = self.ask(body.map_or_else(|| ask, |body| Ask::new(method, path.clone()).body(body)), why).await?;
        self.expect_visits(&path, 1, why)?;
        letter.expect_status(
            502,
            "It was sent and not answered. Whoever sent it has to know, and look before they try again.",
        )
    }

    /// A server begins its answer and breaks off: the request is sent once, and what came of the answer is not taken for all
    /// of it.
    pub async fn expect_broken_off_once(&self, why: &str) -> Result<(), Stop> {
        let path = self.unique("/die_after_head");
        let moment = self.timeline.begin(format!("POST {path}"));
        let answer = self.tries(Ask::new(Method::POST, path.clone()).body("gossip")).await;
        moment.end(match &answer {
            Ok(letter) => letter.summary(),
            Err(silence) => silence.0.clone(),
        });
        self.expect_visits(&path, 1, why)?;
        match answer {
            Ok(letter) if letter.status.is_success() => {
                let saw = format!("{} and {} bytes, as if that were all", letter.status.as_u16(), letter.body.len());
                self.failed("an answer that breaks off", saw, "Half an answer that looks whole is a lie.")
            }
            _ => Ok(()),
        }
    }

    /// A POST whose connection may be closed under it: done, or not done and said so.
    pub async fn expect_at_most_once(&self, why: &str) -> Result<(), Stop> {
        let path = self.unique("/echo");
        let letter = self.ask(Ask::new(Method::POST, path.clone()).body("gossip"), why).await?;
        let came: usize = self.servers.iter().map(|server| server.visits(&path)).sum();
        match (letter.status.as_u16(), came) {
            (200, 1) | (502, 0 | 1) => Ok(()),
            (status, came) => self.failed("200 and done once, or 502", format!("{status} and done {came} times"), why),
        }
    }

    /// Of the requests with this path, none came to the same server twice.
    pub fn expect_at_most_once_each(&self, path: &str, why: &str) -> Result<(), Stop> {
        for server in &self.servers {
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            for arrival in server.arrivals().into_iter().filter(|arrival| arrival.path.starts_with(path)) {
                *times.entry(arrival.path).or_default() += 1;
            }
            if let Some((path, times)) = times.iter().max_by_key(|(_, times)| **times).filter(|(_, times)| **times > 1)
            {
                let saw = format!("{path} came to {} {times} times", server.name());
                return self.failed("no request comes to the same server twice", saw, why);
            }
        }
        Ok(())
    }

    pub fn expect_connections_at_most(&self, most: u64, why: &str) -> Result<(), Stop> {
        let opened: u64 = self.servers.iter().map(|server| server.connections()).sum();
        if opened <= most {
            return Ok(());
        }
        self.failed(format!("at most {most} connections to the servers"), format!("{opened} were opened"), why)
    }

    /// Every idle connection to a server is closed by it.
    pub async fn idle_connections_close(&self) {
        let mut closed = 0;
        for server in &self.servers {
            closed += server.close_idle().await;
        }
        self.timeline.note(format!("the servers close {closed} idle connections"));
    }

    /// Every idle connection to a server will be closed by it when the next request comes on it.
    pub async fn connections_close_on_next_use(&self) {
        for server in &self.servers {
            server.close_on_next_use().await;
        }
        self.timeline.note("the servers will close each idle connection when the next request comes on it");
    }
}
