//! What a site remembers, as it shows from outside: the same page though the database says something else, and for how long.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    World,
    by_hand::ByHand,
    front::Front,
    http::Browser,
    redis::Garbage,
    site::{Server, Site},
};
use crate::story::{Failure, Stop, broken, failed, human};

/// Between two looks at a page that is to change.
const AGAIN: Duration = Duration::from_millis(20);

impl Server {
    /// How long a stranger waits for its front page.
    pub async fn took_for_its_front(&self, why: &str) -> Result<Duration, Stop> {
        Ok(self.stranger()?.visits("/").await.expect_page(why).map_err(|stop| self.is_at_fault(stop))?.took)
    }
}

impl World {
    /// Until this moment, nobody opens any page.
    pub async fn nobody_comes_until(&self, then: Instant) {
        let moment = self.timeline().begin("nobody opens / for a while");
        let pause = then.saturating_duration_since(Instant::now());
        sleep(pause).await;
        moment.end(human(pause));
    }
}

impl Site {
    /// Everybody in turn, strangers among them, on each server: their own name, and a form of their own.
    pub async fn expect_own_pages(&self, people: &mut [Browser], why: &str) -> Result<(), Stop> {
        let mut forms = BTreeSet::new();
        for server in &self.apps {
            for person in people.iter() {
                let page = person.at(server.address()).visits("/").await.expect_page(why)?;
                page.expect_greets(&person.name, why).map_err(|stop| server.is_at_fault(stop))?;
                page.expect_empty_form(why).map_err(|stop| server.is_at_fault(stop))?;
                let form = page.html.form_to("/post").unwrap_or_default();
                let id = form.field("form_id").map(|field| field.value.clone()).unwrap_or_default();
                if !id.is_empty() && !forms.insert(id) {
                    return failed("each form has an id of its own", "it is one that somebody else's form has", why)
                        .map_err(|stop| server.is_at_fault(stop));
                }
                let page = server.stranger()?.visits("/").await.expect_page(why)?;
                page.expect_stranger(why).map_err(|stop| server.is_at_fault(stop))?;
                page.expect_no_form_to("/post", why).map_err(|stop| server.is_at_fault(stop))?;
            }
        }
        Ok(())
    }

    /// All that Redis holds becomes garbage. The next page is made from the database, and a gossip shows at once.
    pub async fn expect_garbage_is_a_miss(
        &self,
        world: &mut World,
        who: &Browser,
        garbage: Garbage,
        why: &str,
    ) -> Result<(), Stop> {
        let server = self.app(0);
        let before = server.shows().await?;
        let change = self.is_changed_by_hand(world).await?;
        server
            .shows()
            .await?
            .expect_as(&before, "Nothing is cached: the row was changed by hand, and CACHE_TTL is not over.")?;

        let keys = self.redis().is_spoilt(garbage).await?;
        let after = server.shows().await?;
        if keys > 0 {
            change.expect_shown(&after, why)?;
        }
        let gossip = world.new_gossip();
        gossip.is_made(who, server).await?.expect_redirect(why)?;
        gossip.expect_in_its_place(self, &server.shows().await?, why).await
    }

    /// How many different front pages the servers show, asked one after the other.
    pub async fn versions(&self) -> Result<usize, Stop> {
        let mut versions: Vec<Front> = Vec::new();
        for server in &self.apps {
            let front = server.shows_quietly().await?;
            if !versions.iter().any(|known| front.is_as(known)) {
                versions.push(front);
            }
        }
        Ok(versions.len())
    }

    /// All servers show the same, asked one after the other.
    pub async fn expect_one_front(&self, why: &str) -> Result<(), Stop> {
        let first = self.app(0).shows().await?;
        for server in &self.apps[1..] {
            server.shows().await?.expect_as(&first, why)?;
        }
        Ok(())
    }

    /// So many times, something is changed by hand and a server after the other is asked for the front page: how many
    /// different ones were shown. All
    /// of it is over before what was remembered may end.
    pub async fn versions_of(&self, world: &mut World, times: usize, ttl: Duration) -> Result<usize, Stop> {
        let moment = world.timeline().begin(format!("{times} times, rows are changed by hand and a stranger opens /"));
        let began = Instant::now();
        let mut versions: Vec<Front> = Vec::new();
        for server in self.apps.iter().cycle().take(times) {
            self.is_changed_quietly(world).await?;
            let front = server.shows_quietly().await?;
            if !versions.iter().any(|known| front.is_as(known)) {
                versions.push(front);
            }
        }
        moment.end(format!("{} different pages", versions.len()));
        if began.elapsed() < ttl {
            return Ok(versions.len());
        }
        broken(format!("{times} pages took longer than {}: this machine is too busy to be judged on", human(ttl)))
    }

    /// While everybody asks all the time, a change by hand shows at this time at the latest.
    pub async fn expect_shown_by_then(&self, change: &ByHand, latest: Instant, why: &str) -> Result<(), Stop> {
        let moment = self.app(0).timeline().begin("a stranger opens / again and again");
        let began = Instant::now();
        loop {
            let is_late = Instant::now() > latest;
            let shown = change.expect_shown(&self.app(0).shows_quietly().await?, why);
            match shown {
                Ok(()) => {
                    moment.end(format!("it shows after {}", human(began.elapsed())));
                    return Ok(());
                }
                Err(Stop::Failed(Failure { saw, .. })) if is_late => {
                    moment.end(format!("still the old page after {}: {saw}", human(began.elapsed())));
                    // Which of the blocks is late may differ from run to run.
                    return failed("what was changed by hand shows in all five blocks", "some of it is as it was", why);
                }
                Err(broken @ Stop::Broken(_)) => return Err(broken),
                Err(Stop::Failed(_)) => sleep(AGAIN).await,
            }
        }
    }

    /// Within this time, pages are remembered again: the same is shown twice, though something was changed in between.
    pub async fn expect_remembers_within(&self, world: &mut World, limit: Duration, why: &str) -> Result<(), Stop> {
        let moment = world.timeline().begin("rows are changed by hand between two pages, again and again");
        let began = Instant::now();
        loop {
            let is_late = began.elapsed() > limit;
            let first = self.app(0).shows_quietly().await?;
            self.is_changed_quietly(world).await?;
            if self.app(0).shows_quietly().await?.is_as(&first) {
                moment.end(format!("remembered after {}", human(began.elapsed())));
                return Ok(());
            }
            if is_late {
                moment.end("each page is computed anew");
                let expected = format!("within {}, what was computed is remembered again", human(limit));
                return failed(expected, "each page is still computed anew", why);
            }
            sleep(AGAIN).await;
        }
    }
}
