//! Where requests go: a crowd behind one address, and servers of which one is busy.

use std::{net::SocketAddr, time::Duration};

use tokio::task::JoinHandle;

use super::{
    World, forge,
    http::{Browser, Request, Seen},
    session::SessionCookie,
    site::Site,
    upstream::Upstream,
};
use crate::story::{Stop, broken, failed};

/// A request that is this long outweighs every health check, so that bytes on a link count requests.
const WEIGHT: usize = 2000;

/// How many requests each server got.
pub struct Spread {
    servers: Vec<(String, u64)>,
}

impl Site {
    /// Many people come one after the other, each over a connection of their own and with a cookie of their own; to the
    /// servers some are strangers, which a balancer cannot know.
    pub async fn spread_of_crowd(
        &self,
        world: &mut World,
        like: &SessionCookie,
        people: usize,
    ) -> Result<Spread, Stop> {
        let bytes = || self.apps.iter().map(|server| server.link.requests().bytes());
        let before: Vec<u64> = bytes().collect();
        let moment = world
            .timeline()
            .begin(format!("{people} people behind one address, one after the other, each with a cookie"));
        let request = over_a_new_connection("/login").with_header("x-school", &"x".repeat(WEIGHT));
        let mut browser = world.someone(self.door())?;
        for person in 0..people {
            let cookie = if person == 0 { like.value.clone() } else { forge::made_up(world, &like.value) };
            browser.set_cookie(&like.name, &cookie);
            browser.sends(&request).await.expect_page("Anyone may open the login page.")?;
        }
        let gained: Vec<u64> = bytes().zip(before).map(|(after, before)| after - before).collect();
        let each = (gained.iter().sum::<u64>() / people.max(1) as u64).max(1);
        let names = self.apps.iter().map(|server| server.name().to_owned());
        let spread = Spread { servers: names.zip(gained.iter().map(|bytes| (bytes + each / 2) / each)).collect() };
        moment.end(spread.to_string());
        Ok(spread)
    }
}

impl Spread {
    pub fn counts(&self) -> Vec<u64> {
        self.servers.iter().map(|(_, count)| *count).collect()
    }

    pub fn expect_each_has(&self, least: u64, why: &str) -> Result<(), Stop> {
        if self.servers.iter().all(|(_, count)| *count >= least) {
            return Ok(());
        }
        failed(format!("requests for each of the {} servers", self.servers.len()), self.to_string(), why)
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts: Vec<_> = self.servers.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        f.write_str(&counts.join(", "))
    }
}

/// As the first request of somebody who just came.
fn over_a_new_connection(path: &str) -> Request {
    Request::get(path).with_header("connection", "close")
}

/// Two servers of the checker's own, one of which gets something slow to do.
pub struct Rivals {
    servers: [Upstream; 2],
}

const ARRIVES: Duration = Duration::from_secs(10);
/// Enough that a quick request is never stuck behind the slow one: where it went is judged, not how long it took.
const WORKERS: usize = 4;

impl Rivals {
    pub fn start() -> Result<Rivals, Stop> {
        Ok(Rivals { servers: [Upstream::start("server 1", WORKERS)?, Upstream::start("server 2", WORKERS)?] })
    }

    pub fn addresses(&self) -> [SocketAddr; 2] {
        self.servers.each_ref().map(Upstream::address)
    }

    /// A request that one of them is busy with when this returns.
    pub async fn begin_slow(&self, world: &World, browser: &Browser) -> Result<JoinHandle<Seen>, Stop> {
        let mut browser = browser.another_with_cookies()?;
        let moment = world.timeline().begin(format!("{} asks for something slow", browser.name));
        let asking = tokio::spawn(async move { browser.sends(&Request::get("/slow")).await });
        let arrived = world.eventually(ARRIVES, || async { self.busy() }).await;
        match arrived {
            Some(server) => moment.end(format!("{} is at work on it", server.name())),
            None => {
                let saw = if asking.is_finished() { asking.await?.summary() } else { "none of them got it".to_owned() };
                return failed("the balancer hands it on to a server", saw, "A balancer hands requests on.");
            }
        }
        Ok(asking)
    }

    fn busy(&self) -> Option<&Upstream> {
        self.servers.iter().find(|server| server.in_flight_of("/slow") > 0)
    }

    fn idle(&self) -> Option<&Upstream> {
        self.servers.iter().find(|server| server.in_flight_of("/slow") == 0)
    }

    /// Quick requests, one after the other: half of them of the same person, half of others, each over a connection of
    /// its own.
    pub async fn visit_quickly(&self, world: &mut World, same: &Browser, times: usize) -> Result<(), Stop> {
        let moment = world.timeline().begin(format!("{times} quick requests, one after the other"));
        for turn in 0..times {
            let mut browser = same.clone();
            if turn % 2 == 1 {
                browser.set_cookie("session", &world.mark());
            }
            browser
                .sends(&over_a_new_connection("/light"))
                .await
                .expect_page("A quick request is answered quickly.")?;
        }
        let counts = self.servers.each_ref().map(|server| format!("{}: {}", server.name(), server.served("/light")));
        moment.end(counts.join(", "));
        Ok(())
    }

    /// At most this many of the quick ones went to the busy one.
    pub fn expect_quick_ones_elsewhere(&self, most: usize, why: &str) -> Result<(), Stop> {
        let (Some(busy), Some(idle)) = (self.busy(), self.idle()) else {
            return broken("one server is busy with the slow request, the other is not");
        };
        let (wrong, right) = (busy.served("/light"), idle.served("/light"));
        if wrong <= most {
            return Ok(());
        }
        failed(
            format!("the quick ones go to {}, which has nothing to do", idle.name()),
            format!("{wrong} of {} went to {}, which was busy", wrong + right, busy.name()),
            why,
        )
    }

    pub fn let_slow_one_end(&self) {
        self.servers.iter().for_each(|server| _ = server.release_slow());
    }

    /// The one that had the quick requests is gone: its address refuses connections.
    pub fn favourite_dies(&self, world: &World) {
        let favourite = self.servers.iter().max_by_key(|server| server.served("/light"));
        if let Some(favourite) = favourite {
            world.note(format!("{} dies", favourite.name()));
            favourite.stop();
        }
    }
}
