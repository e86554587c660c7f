//! Whether the balancer asks how its servers are, and servers that die, are sick, freeze and come back.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hyper::StatusCode;
use tokio::time::sleep;

use super::{Fleet, LOOK};
use crate::{story::Stop, world::upstream::Upstream};

/// In which a server is asked several times, whatever else the machine does; reached only where nobody asks.
const ASKED: Duration = Duration::from_secs(3);
/// The first question comes at the start, if it comes then at all.
const AT_THE_START: Duration = Duration::from_millis(500);

impl Fleet {
    pub fn dies(&self, server: usize) {
        self.timeline.note(format!("{} dies: nobody takes its connections", self.servers[server].name()));
        self.servers[server].stop();
    }

    pub fn comes_back(&self, server: usize) -> Result<(), Stop> {
        self.timeline.note(format!("{} is back", self.servers[server].name()));
        self.servers[server].start_again()?;
        Ok(())
    }

    pub fn is_sick(&self, server: usize) {
        self.says_of_its_health(server, StatusCode::SERVICE_UNAVAILABLE);
    }

    pub fn says_of_its_health(&self, server: usize, status: StatusCode) {
        self.timeline.note(format!("{} answers GET /health with {}", self.servers[server].name(), status.as_u16()));
        self.servers[server].set_health(status);
    }

    pub fn is_well(&self, server: usize) {
        self.timeline.note(format!("{} answers GET /health with 200 again", self.servers[server].name()));
        self.servers[server].set_health(StatusCode::OK);
    }

    /// These take the question for their health, and everything else, and never answer that question.
    pub fn hang(&self, servers: &[usize]) {
        self.timeline.note(format!("{} servers take GET /health and do not answer it", servers.len()));
        for server in servers {
            self.servers[*server].health_hangs();
        }
    }

    /// Waits until each server was asked for the first time and the answer was heard, so that each is known to be well.
    /// Who never asks knows nothing of what happens next either, and is waited for no longer than a while.
    pub async fn everybody_is_known(&self) {
        let deadline = Instant::now() + AT_THE_START;
        // Whoever asks on a connection of its own closes it when the answer was heard; a kept one has time for that.
        let is_known = |server: &Upstream| server.probes() > 0 && server.open() == 0;
        while !self.servers.iter().all(is_known) && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    }

    /// Waits until a server was asked so many times more, and says how long that took. What it answered to all questions
    /// but the last has been heard then.
    pub async fn expect_asked(&self, server: usize, times: u64, limit: Option<Duration>) -> Result<Duration, Stop> {
        let upstream = &self.servers[server];
        let (silent, limit) = (limit.is_some(), limit.unwrap_or(ASKED));
        let (began, before, opened) = (Instant::now(), upstream.probes(), upstream.connections());
        let moment = self.timeline.begin(format!("{} waits to be asked how it is", upstream.name()));
        match upstream.wait_probes(times, limit).await {
            Ok(()) => {
                moment.end(format!("asked {times} times"));
                Ok(began.elapsed())
            }
            Err(_) => {
                let asked = upstream.probes() - before;
                moment.end(format!("asked {asked} times"));
                let why = if silent {
                    "Whoever waits for the silent ones in turn learns nothing of the others meanwhile."
                } else if asked == 0 && upstream.connections() > opened {
                    "Connections were made, and nothing was asked on them."
                } else {
                    "Who does not ask does not learn who is sick, and who is well again."
                };
                self.failed(
                    format!("{} is asked GET /health every HEALTH_EVERY, whatever the others do", upstream.name()),
                    format!("it was asked {asked} times in {} ms, not {times} times", limit.as_millis()),
                    why,
                )
            }
        }
    }

    /// Waits a moment for some more questions, if questions are asked at all.
    pub async fn is_asked(&self, server: usize, times: u64) {
        let upstream = &self.servers[server];
        let limit = if upstream.probes() == 0 { AT_THE_START } else { ASKED };
        // Who is not asked is judged by what comes.
        let _ = upstream.wait_probes(times, limit).await;
    }

    /// The same for several.
    pub async fn are_asked(&self, servers: &[usize], times: u64) {
        join_all(servers.iter().map(|server| self.is_asked(*server, times))).await;
    }

    /// None of the requests whose path starts with `prefix` went there; `who` says what is known of these servers.
    pub fn expect_nothing_at(&self, servers: &[usize], who: &str, prefix: &str, why: &str) -> Result<(), Stop> {
        let names = servers.iter().map(|server| self.servers[*server].name());
        let found = names.zip(servers).find(|(_, server)| self.servers[**server].visits(prefix) > 0);
        match found {
            None => Ok(()),
            Some((name, server)) => {
                let saw = format!("{name} got {}", self.servers[*server].visits(prefix));
                self.failed(format!("{name}, which {who}, gets no request until it is well"), saw, why)
            }
        }
    }
}
