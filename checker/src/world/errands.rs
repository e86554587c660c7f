//! What people do on a server, and what each of them waited for it.

use std::time::{Duration, Instant};

use futures_util::join;

use super::{
    World,
    http::{Browser, Seen},
    site::Site,
};
use crate::story::{Failure, Stop, human};

/// A page, a registration, a gossip and a like.
pub struct Errands {
    took: Vec<(&'static str, Duration)>,
    server: String,
    began: Instant,
}

impl Site {
    /// Somebody reads on the first server, then registers, publishes and likes there at once; each of them succeeds, and that
    /// server shows it.
    pub async fn runs_errands(&self, world: &mut World, who: &Browser, why: &str) -> Result<Errands, Stop> {
        let server = self.app(0);
        let began = Instant::now();
        let (gossip, newcomer, like) = (world.new_gossip(), world.newcomer(), world.like_of_newest(self).await?);
        let mut reader = who.at(server.address());
        // Before anything is changed, so that nothing but Redis is in its way.
        let read = reader.visits("/").await;
        let (joined, told, liked) =
            join!(newcomer.is_made(who, server), gossip.is_made(who, server), like.is_made(who, server));
        let done = [("a page", read), ("registering", joined?), ("publishing", told?), ("liking", liked?)];
        let blamed = |stop| server.is_at_fault(stop);
        for (act, seen) in &done {
            match *act {
                "a page" => {
                    let page = seen.expect_page(why).map_err(blamed)?;
                    page.expect_greets(&who.name, why).map_err(blamed)?;
                    page.expect_at_least_one_post(why).map_err(blamed)?;
                }
                _ => seen.expect_redirect(why).map(drop).map_err(blamed)?,
            }
        }
        let front = server.shows().await?;
        gossip.expect_in_its_place(self, &front, why).await?;
        like.expect_in_its_place(self, &front, why).await?;
        let took = |(act, seen): (&'static str, Seen)| Some((act, seen.page()?.took));
        Ok(Errands { took: done.into_iter().filter_map(took).collect(), server: server.name().to_owned(), began })
    }
}

impl Errands {
    /// None of them waited that long.
    pub fn expect_each_within(&self, world: &World, limit: Duration, why: &str) -> Result<(), Stop> {
        let slowest = self.took.iter().max_by_key(|(_, took)| *took);
        match slowest {
            Some((act, took)) if *took >= limit => {
                self.failed(world, limit, format!("{act} in less than {}", human(limit)), *took, why)
            }
            _ => Ok(()),
        }
    }

    /// Each of them waited at most so much longer than on another day.
    pub fn expect_at_most(&self, world: &World, usual: &Errands, more: Duration, why: &str) -> Result<(), Stop> {
        for ((act, took), (_, usual)) in self.took.iter().zip(&usual.took) {
            if *took > *usual + more {
                let expected =
                    format!("{act} in at most {} more than without Redis, which is {}", human(more), human(*usual));
                return self.failed(world, more, expected, *took, why);
            }
        }
        Ok(())
    }

    /// What the slowest of them waited.
    pub fn slowest(&self) -> Duration {
        self.took.iter().map(|(_, took)| *took).max().unwrap_or_default()
    }

    fn failed(&self, world: &World, limit: Duration, expected: String, took: Duration, why: &str) -> Result<(), Stop> {
        world.expect_steady_machine_since(self.began, limit / 8)?;
        Err(Stop::Failed(Failure::new(expected, human(took), why).of(&self.server)))
    }
}
