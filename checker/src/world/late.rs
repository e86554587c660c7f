//! Words to Redis that arrive late, or never: what was computed before a change and comes after it, and a change of which
//! Redis never heard.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{World, change::Change, http::Browser, site::Site, words::Words};
use crate::story::{Stop, failed, human};

/// Between two looks at a page that is to change.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a word may be on its way until it comes to be held.
const ON_ITS_WAY: Duration = Duration::from_secs(15);
/// More words than anybody says to make a page.
const ROUNDS: usize = 60;

impl Site {
    /// The first server makes a page. Before one of its words to Redis arrives there, somebody publishes on the last server;
    /// then that word arrives, late, and everybody shows the gossip all the same. Once for each word.
    pub async fn expect_late_words_harmless(&self, world: &mut World, who: &Browser, why: &str) -> Result<usize, Stop> {
        for round in 0..ROUNDS {
            if !self.is_changed_before_word(world, who, round, why).await? {
                return match round {
                    0 => failed("a server that has no page asks Redis for one", "it did not say a word to it", why),
                    rounds => Ok(rounds),
                };
            }
        }
        Ok(ROUNDS)
    }

    /// Whether there was such a word.
    async fn is_changed_before_word(
        &self,
        world: &mut World,
        who: &Browser,
        word: usize,
        why: &str,
    ) -> Result<bool, Stop> {
        self.redis().is_emptied().await?;
        let (slow, other) = (self.app(0), self.app(self.apps.len() - 1));
        let mut words = Words::held(slow.to_redis().requests());
        let when = format!(", whose word {} to Redis is on its way for long", word + 1);
        let mut asking = pin!(slow.shows_when(&when));
        for _ in 0..=word {
            if let Some(front) = words.next_or(&mut asking).await {
                slow.to_redis().requests().release();
                front?;
                return Ok(false);
            }
        }
        let gossip = world.new_gossip();
        gossip.is_made(who, other).await?.expect_redirect(why)?;
        world.note("the word arrives");
        slow.to_redis().requests().release();
        asking.await?;
        self.expect_shown_by(&self.apps, &gossip, why).await?;
        Ok(true)
    }

    /// Somebody publishes, registers and likes on the first server, which cannot reach Redis, and sees it there at once; then
    /// the way is free, that server shows a page, and within this time each other server shows all of it.
    pub async fn expect_made_up_for(
        &self,
        world: &mut World,
        who: &Browser,
        outage: Outage,
        limit: Duration,
        why: &str,
    ) -> Result<(), Stop> {
        let lonely = self.app(0);
        self.is_warm().await?;
        let link = lonely.to_redis();
        match outage {
            Outage::Cut => {
                world.note(format!("the way from {} to Redis is cut", lonely.name()));
                link.cut();
            }
            Outage::Silent => {
                world.note(format!("the way from {} to Redis takes everything, and nothing arrives", lonely.name()));
                link.blackhole();
            }
        }
        let mut changes = Vec::new();
        for change in [world.like_of_newest(self).await?, world.newcomer(), world.new_gossip()] {
            change.is_made(who, lonely).await?.expect_redirect(why)?;
            change.expect_shown(self, &lonely.shows().await?, why).await?;
            changes.push(change);
        }
        world.note("the way is free");
        link.heal()?;
        lonely.shows().await?;
        self.expect_shown_within(&changes, limit, why).await
    }

    /// Somebody publishes on the first server and leaves while its words to Redis are on their way; they never arrive.
    pub async fn expect_made_up_for_who_left(
        &self,
        world: &mut World,
        who: &Browser,
        limit: Duration,
        why: &str,
    ) -> Result<(), Stop> {
        let lonely = self.app(0);
        self.is_warm().await?;
        let gossip = world.new_gossip();
        let words = lonely.to_redis().requests();
        words.hold();
        {
            let mut leaving = pin!(gossip.is_made(who, lonely));
            tokio::select! {
                seen = &mut leaving => seen?.expect_redirect(why).map(drop)?,
                _ = words.held(ON_ITS_WAY) => world.note(format!("{} leaves without an answer", who.name)),
            }
        }
        world.note(format!("the way from {} to Redis is cut, with what was on it, and free again", lonely.name()));
        lonely.to_redis().cut();
        words.release();
        lonely.to_redis().heal()?;
        lonely.shows().await?;
        self.expect_shown_within(&[gossip], limit, why).await
    }

    /// Each server shows these changes, within this time.
    async fn expect_shown_within(&self, changes: &[Change], limit: Duration, why: &str) -> Result<(), Stop> {
        let moment = self.app(0).timeline().begin("strangers open / on every server, again and again");
        let began = Instant::now();
        loop {
            let is_late = began.elapsed() > limit;
            match self.show_all(changes, why).await {
                Ok(()) => {
                    moment.end(format!("all is there after {}", human(began.elapsed())));
                    return Ok(());
                }
                Err(stop) if is_late => {
                    moment.end(format!("still an old page after {}", human(began.elapsed())));
                    return Err(stop);
                }
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    async fn show_all(&self, changes: &[Change], why: &str) -> Result<(), Stop> {
        for server in &self.apps {
            let front = server.shows_quietly().await?;
            for change in changes {
                change.expect_shown(self, &front, why).await?;
            }
        }
        Ok(())
    }
}

/// What becomes of a way.
#[derive(Clone, Copy)]
pub enum Outage {
    /// Connections are reset and refused.
    Cut,
    /// Connections are taken, and nothing arrives.
    Silent,
}
