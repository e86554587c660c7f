//! A crowd: everybody is at the door first, then all ask at once.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::task::AbortOnDropHandle;

use super::{Outcome, Outgoing, wire::Connection};
use crate::{
    limits,
    story::{Stop, broken},
    world::World,
};

/// Connections that are opened at a time: a listener's backlog (128 on some systems) is not what a crowd is about.
const RAMP: usize = 64;
/// How long anybody waits to get in.
const AT_THE_DOOR: Duration = Duration::from_secs(15);

/// Connected, and silent so far.
pub struct Crowd {
    people: Vec<Result<Connection, String>>,
}

/// A crowd that has asked.
pub struct Asking {
    answers: JoinHandle<Vec<Outcome>>,
    pub people: usize,
}

impl World {
    /// Connects so many people to a server. A connection that is refused is one of theirs.
    pub async fn crowd(&self, at: SocketAddr, people: usize) -> Result<Crowd, Stop> {
        let sockets = people as u64 + 128;
        if sockets > limits::open_files() {
            return broken(format!(
                "a crowd of {people} wants {sockets} sockets, and a process may have {} files open here; \
                 `ulimit -n 4096` raises that",
                limits::open_files()
            ));
        }
        let until = Instant::now() + AT_THE_DOOR;
        let connecting = stream::iter((0..people).map(|_| Connection::open(at, until)));
        Ok(Crowd { people: connecting.buffered(RAMP).collect().await })
    }
}

impl Crowd {
    /// How many got in.
    pub fn connected(&self) -> usize {
        self.people.iter().filter(|person| person.is_ok()).count()
    }

    /// Everybody asks, the first of them the first request and so on; nobody waits longer than `patience`.
    pub fn asks(self, requests: Vec<Outgoing>, patience: Duration) -> Asking {
        let until = Instant::now() + patience;
        let people = self.people.len();
        let asking = self.people.into_iter().zip(requests).map(move |(person, request)| async move {
            match person {
                Ok(connection) => connection.ask(&request, until).await.0,
                Err(why) => Outcome::Refused(why),
            }
        });
        // Each in a task of its own, so that all are sent whoever is answered first.
        let answers = tokio::spawn(async move {
            let tasks: Vec<_> = asking.map(tokio::spawn).map(AbortOnDropHandle::new).collect();
            let ended = join_all(tasks).await;
            ended
                .into_iter()
                .map(|outcome| outcome.unwrap_or_else(|error| Outcome::Unsure(error.to_string())))
                .collect()
        });
        Asking { answers, people }
    }
}

impl Asking {
    /// Everybody who has no answer yet leaves.
    pub async fn is_given_up(self) {
        self.answers.abort();
        // Either it was ended, or there was nothing left to end.
        _ = self.answers.await;
    }

    /// Waits for the last answer, in the order of the people.
    pub async fn answers(self) -> Result<Vec<Outcome>, Stop> {
        Ok(self.answers.await?)
    }
}

/// `847 × 303`, or `500 × 303, 340 × 500, 7 refused`.
pub fn counted(outcomes: &[Outcome]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome.summary()).or_default() += 1;
    }
    let of = |(what, count): (&String, &usize)| match what.parse::<u16>() {
        Ok(status) => format!("{count} × {status}"),
        Err(_) => format!("{count} {what}"),
    };
    counts.iter().map(of).collect::<Vec<_>>().join(", ")
}
