//! An origin of the checker's own, for an edge to stand before: what it says under which address is a scenario's, how often
//! it was asked is counted, and it can take its time.

mod exhibit;
mod serve;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, time::timeout};
use tokio_util::task::AbortOnDropHandle;

pub use self::exhibit::Exhibit;
use super::{World, timeline::Timeline};
use crate::story::{Stop, failed};

/// Dropping it ends it.
pub struct Origin {
    shared: Arc<Shared>,
    address: SocketAddr,
    timeline: Timeline,
    _accepting: AbortOnDropHandle<()>,
}

struct Shared {
    /// By path, without the query.
    exhibits: Mutex<BTreeMap<String, Exhibit>>,
    /// Method and target of each request, in the order in which they came; waited for by scenarios.
    heard: watch::Sender<Vec<(String, String)>>,
    /// The path under which answers are kept back.
    waits: watch::Sender<Option<String>>,
}

impl World {
    /// An origin that has nothing yet.
    pub async fn origin(&self) -> Result<Origin, Stop> {
        Ok(Origin::open(self.timeline().clone()).await?)
    }
}

impl Origin {
    /// One that has nothing yet, and notes here what it is given.
    pub async fn open(timeline: Timeline) -> std::io::Result<Origin> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            exhibits: Mutex::default(),
            heard: watch::Sender::default(),
            waits: watch::Sender::default(),
        });
        let accepting = AbortOnDropHandle::new(tokio::spawn(serve::accept(listener, shared.clone())));
        Ok(Origin { shared, address, timeline, _accepting: accepting })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers like this under that path, whatever the query.
    pub fn has(&self, path: &str, exhibit: Exhibit) {
        self.timeline.note(format!("the origin has {path}: {exhibit}"));
        self.shared.exhibits().insert(path.to_owned(), exhibit);
    }

    /// Takes requests for this path, and answers none of them until it `goes_on`.
    pub fn keeps_waiting(&self, path: &str) {
        self.shared.waits.send_replace(Some(path.to_owned()));
    }

    pub fn goes_on(&self) {
        self.timeline.note("the origin answers");
        self.shared.waits.send_replace(None);
    }

    /// How often it was asked for what starts so, by any method.
    pub fn asked(&self, prefix: &str) -> usize {
        count(&self.shared.heard.borrow(), prefix)
    }

    /// It has been asked so often, all in all.
    pub fn expect_asked(&self, prefix: &str, times: usize, whom: &str, why: &str) -> Result<(), Stop> {
        let came = self.asked(prefix);
        if came == times {
            return Ok(());
        }
        failed(
            format!("the origin is asked for {prefix} {}, {whom}", often(times)),
            format!("it was asked {}", often(came)),
            why,
        )
    }

    /// Waits until it has been asked so often; says whether it was.
    pub async fn is_asked(&self, prefix: &str, times: usize, limit: Duration) -> bool {
        let mut heard = self.shared.heard.subscribe();
        timeout(limit, heard.wait_for(|heard| count(heard, prefix) >= times)).await.is_ok()
    }
}

fn often(times: usize) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

fn count(heard: &[(String, String)], prefix: &str) -> usize {
    heard.iter().filter(|(_, target)| target.starts_with(prefix)).count()
}

impl Shared {
    fn exhibits(&self) -> MutexGuard<'_, BTreeMap<String, Exhibit>> {
        // Nothing that panics runs under this lock.
        self.exhibits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
