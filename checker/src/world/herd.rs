//! Many who find nothing at the same moment, and a server that dies while it finds out for all of them.

use std::{pin::pin, time::Duration};

use tokio::task::JoinSet;

use super::{
    World,
    front::Front,
    http::{Request, Seen},
    redis::Holding,
    site::{Server, Site},
    words::Words,
};
use crate::story::{Stop, failed};

/// Beyond this, nobody counts on questions to come to rest.
const SETTLED: Duration = Duration::from_secs(3);

impl Site {
    /// So many strangers open the front page at the same moment, on all servers, and rows change all the while: what each of
    /// them was shown.
    pub async fn fronts_of_a_herd(&self, world: &mut World, strangers: usize) -> Result<Vec<Front>, Stop> {
        let moment = world.timeline().begin(format!("{strangers} strangers open / at the same moment, on all servers"));
        // Nobody hears from Redis before all have asked.
        self.apps.iter().for_each(|server| server.to_redis().requests().hold());
        let mut asking: JoinSet<(usize, Seen)> = JoinSet::new();
        for (index, server) in self.apps.iter().enumerate().cycle().take(strangers) {
            let mut browser = server.stranger()?;
            asking.spawn(async move { (index, browser.sends(&Request::get("/")).await) });
        }
        for server in &self.apps {
            world.until_it_rests(server, SETTLED).await;
        }
        self.apps.iter().for_each(|server| server.to_redis().requests().release());
        let mut fronts = Vec::new();
        while !asking.is_empty() {
            self.is_changed_quietly(world).await?;
            while let Some(answered) = asking.try_join_next() {
                let (index, seen) = answered?;
                fronts.push(self.app(index).front_of(&seen)?);
            }
        }
        moment.end("everybody has a page");
        Ok(fronts)
    }

    /// The first server dies at the first moment, in the middle of making a page, at which Redis holds something that has no
    /// end, and is started again; says whether there was such a moment.
    pub async fn dies_between_a_value_and_its_end(&self) -> Result<bool, Stop> {
        self.redis().is_emptied().await?;
        let server = self.app(0);
        let is_caught = self.stops_where_redis_holds(Holding::AnythingEndless).await?;
        if is_caught {
            server.dies_with_its_word().await?;
            server.starts_again().await?;
        }
        server.to_redis().requests().release();
        Ok(is_caught)
    }

    /// The first server dies in the middle of making a page, as soon as Redis knows of it.
    pub async fn dies_while_it_computes(&self) -> Result<(), Stop> {
        self.redis().is_emptied().await?;
        self.stops_where_redis_holds(Holding::Anything).await?;
        self.app(0).dies_with_its_word().await
    }

    /// The first server makes a page, and talks to Redis word by word; where Redis holds this, its next word stays on its way.
    /// Says whether that came.
    async fn stops_where_redis_holds(&self, what: Holding) -> Result<bool, Stop> {
        let server = self.app(0);
        let mut words = Words::held(server.to_redis().requests());
        let mut asking = pin!(server.shows_when(", whose words to Redis are on their way for long"));
        while words.next_or(&mut asking).await.is_none() {
            if self.redis().holds(what).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Server {
    /// It is killed, and what it was about to say to Redis, and was held on its way there, is not said any more.
    async fn dies_with_its_word(&self) -> Result<(), Stop> {
        self.is_killed().await?;
        self.to_redis().cut();
        self.to_redis().requests().release();
        self.to_redis().heal()?;
        Ok(())
    }
}

/// All of a crowd were shown the same.
pub fn expect_one(fronts: &[Front], why: &str) -> Result<usize, Stop> {
    let mut versions: Vec<&Front> = Vec::new();
    for front in fronts {
        if !versions.iter().any(|known| front.is_as(known)) {
            versions.push(front);
        }
    }
    if versions.len() == 1 {
        return Ok(1);
    }
    failed(format!("{} pages, all of one computation", fronts.len()), format!("{} different ones", versions.len()), why)
}
