//! What a user changes through the site, and where everybody sees it: on every server, right after the 303, whoever else
//! was reading meanwhile.

use std::{pin::pin, time::Duration};

use futures_util::future::join_all;

use super::{
    World,
    front::Front,
    http::{Browser, Request, Seen, quoted},
    proxy::Direction,
    site::{Server, Site},
    words::Words,
};
use crate::story::Stop;

/// Beyond this, nobody counts on a form to come to rest.
const SETTLED: Duration = Duration::from_secs(3);

/// Something that the front page shows.
pub enum Change {
    Gossip { content: String, tag: String },
    Newcomer { name: String, password: String },
    Like { post: i64, content: String },
}

/// Who else is there while a change is made.
#[derive(Clone, Copy)]
pub enum Meanwhile {
    NobodyReads,
    /// Somebody has the write lock; a page is read while the form waits for it.
    TheDatabaseIsBusy,
    /// A page is read before each word that is said to Redis arrives there.
    WordsAreOnTheirWay,
    /// A page is read before each reply of Redis arrives.
    RepliesAreOnTheirWay,
}

impl World {
    /// A gossip that nobody has told, under a tag that nobody has used.
    pub fn new_gossip(&mut self) -> Change {
        Change::Gossip { content: self.gossip(), tag: self.tag() }
    }

    /// Somebody who is not registered yet.
    pub fn newcomer(&mut self) -> Change {
        Change::Newcomer { name: self.name(), password: format!("pass word {}", self.mark()) }
    }

    /// A like for the newest gossip.
    pub async fn like_of_newest(&mut self, site: &Site) -> Result<Change, Stop> {
        let (post, content) = site.database.newest().await?;
        Ok(Change::Like { post, content })
    }
}

impl Change {
    pub fn request(&self) -> Request {
        match self {
            Change::Gossip { content, tag } => Request::post("/post", &[("content", content), ("tag", tag)]),
            Change::Newcomer { name, password } => {
                Request::post("/register", &[("name", name), ("password", password)])
            }
            Change::Like { post, .. } => Request::post("/like", &[("id", &post.to_string())]),
        }
    }

    fn told(&self, who: &Browser, server: &Server) -> String {
        match self {
            Change::Gossip { content, .. } => {
                format!("{} publishes {} on {}", who.name, quoted(content), server.name())
            }
            Change::Newcomer { name, .. } => format!("{name} registers on {}", server.name()),
            Change::Like { content, .. } => format!("{} likes {} on {}", who.name, quoted(content), server.name()),
        }
    }

    /// Sends the form to a server; a newcomer from a browser of their own.
    pub async fn is_made(&self, who: &Browser, server: &Server) -> Result<Seen, Stop> {
        let mut browser = match self {
            Change::Newcomer { .. } => who.another()?.at(server.address()),
            Change::Gossip { .. } | Change::Like { .. } => who.at(server.address()),
        };
        Ok(browser.does(self.told(who, server), &self.request()).await)
    }

    /// The same form many times at once, from many browsers and on all these servers.
    pub async fn is_made_by_many<'s>(
        &self,
        who: &Browser,
        servers: impl Iterator<Item = &'s Server> + Clone,
        times: usize,
        why: &str,
    ) -> Result<(), Stop> {
        let moment =
            who.timeline().begin(format!("{} sends that form {times} times at once, to all servers", who.name));
        let mut sending = Vec::new();
        for server in servers.cycle().take(times) {
            let mut browser = who.another_with_cookies()?.at(server.address());
            sending.push(async move { browser.sends(&self.request()).await });
        }
        let seen = join_all(sending).await;
        moment.end(seen.last().map(Seen::summary).unwrap_or_default());
        seen.iter().try_for_each(|seen| seen.expect_redirect_to("/", why))
    }

    /// So many likes stand under the gossip that it is for.
    pub fn expect_under_it(&self, front: &Front, likes: u64, why: &str) -> Result<(), Stop> {
        match self {
            Change::Like { content, .. } => front.expect_likes(content, likes, why),
            Change::Gossip { .. } | Change::Newcomer { .. } => Ok(()),
        }
    }

    /// A gossip that nobody likes yet is in the feed, the newest or not, and its tag among the tags.
    fn expect_in_the_feed(&self, front: &Front, why: &str) -> Result<(), Stop> {
        match self {
            Change::Gossip { content, tag } => {
                front.expect_likes(content, 0, why)?;
                front.expect_tag(tag, 1, why)
            }
            Change::Newcomer { .. } | Change::Like { .. } => Ok(()),
        }
    }

    /// It is where people look for it first: in the feed, or among those who just arrived.
    pub async fn expect_in_its_place(&self, site: &Site, front: &Front, why: &str) -> Result<(), Stop> {
        match self {
            Change::Gossip { content, .. } => front.expect_newest(content, why),
            Change::Newcomer { name, .. } => front.expect_arrived(name, why),
            Change::Like { content, .. } => front.expect_likes(content, site.database.likes_of(content).await?, why),
        }
    }

    /// Every block that has to do with it shows it.
    pub async fn expect_shown(&self, site: &Site, front: &Front, why: &str) -> Result<(), Stop> {
        self.expect_in_its_place(site, front, why).await?;
        match self {
            Change::Gossip { tag, .. } => front.expect_tag(tag, 1, why)?,
            Change::Newcomer { .. } => {}
            Change::Like { content, .. } => front.expect_top(content, site.database.likes_of(content).await?, why)?,
        }
        front.expect_counts(site.database.counts().await?, why)
    }
}

impl Site {
    /// Every server has shown the front page, and may remember it.
    pub async fn is_warm(&self) -> Result<(), Stop> {
        for server in &self.apps {
            server.shows().await?;
        }
        Ok(())
    }

    /// Somebody changes something on the first server, while somebody else reads on the last one; right after the answer,
    /// each server shows it.
    pub async fn expect_shown_at_once(
        &self,
        world: &World,
        who: &Browser,
        change: &Change,
        meanwhile: Meanwhile,
        why: &str,
    ) -> Result<(), Stop> {
        let (writer, reader) = (self.app(0), self.app(self.apps.len() - 1));
        self.is_warm().await?;
        let making = change.is_made(who, writer);
        match meanwhile {
            Meanwhile::NobodyReads => self.is_accepted(making.await?, change, why).await,
            Meanwhile::TheDatabaseIsBusy => {
                world.note("the database is busy: somebody else holds its write lock");
                let lock = self.database.lock_writes().await?;
                let mut making = pin!(making);
                let early = tokio::select! {
                    seen = &mut making => Some(seen?),
                    () = world.until_it_rests(writer, SETTLED) => None,
                };
                reader.shows_when(" meanwhile").await?;
                world.note("the write lock is free");
                lock.release().await?;
                let seen = match early {
                    Some(seen) => seen,
                    None => making.await?,
                };
                self.is_accepted(seen, change, why).await
            }
            Meanwhile::WordsAreOnTheirWay => {
                world.note(format!("whatever {} says to Redis is on its way for long", writer.name()));
                self.is_accepted_word_by_word(writer.to_redis().requests(), making, change, why).await
            }
            Meanwhile::RepliesAreOnTheirWay => {
                world.note(format!("whatever Redis says to {} is on its way for long", writer.name()));
                self.is_accepted_word_by_word(writer.to_redis().replies(), making, change, why).await
            }
        }
    }

    /// Before each word passes on this link of the first server, a page is read on the last one. What is held when the form
    /// is answered stays held until the others have been asked.
    async fn is_accepted_word_by_word(
        &self,
        link: &Direction,
        making: impl Future<Output = Result<Seen, Stop>>,
        change: &Change,
        why: &str,
    ) -> Result<(), Stop> {
        let mut making = pin!(making);
        let mut words = Words::held(link);
        let seen = loop {
            if let Some(seen) = words.next_or(&mut making).await {
                break seen?;
            }
            self.app(self.apps.len() - 1).shows_when(" meanwhile").await?;
        };
        seen.expect_redirect(why)?;
        self.expect_shown_by(&self.apps[1..], change, why).await?;
        link.release();
        self.expect_shown_by(&self.apps, change, why).await
    }

    /// Somebody publishes on each server in turn, and nobody reads in between; then each of them shows all of it.
    pub async fn expect_all_kept(&self, world: &mut World, who: &Browser, why: &str) -> Result<(), Stop> {
        self.redis().is_emptied().await?;
        self.is_warm().await?;
        let mut told = Vec::new();
        for server in self.apps.iter().chain(&self.apps[..1]) {
            let gossip = world.new_gossip();
            gossip.is_made(who, server).await?.expect_redirect(why)?;
            told.push(gossip);
        }
        for server in &self.apps {
            let front = server.shows().await?;
            told.iter().try_for_each(|gossip| gossip.expect_in_the_feed(&front, why))?;
            front.expect_counts(self.database.counts().await?, why)?;
        }
        Ok(())
    }

    /// Every server has shown somebody's own page; what she publishes on the first one is on it at once, on each.
    pub async fn expect_on_own_page(&self, world: &mut World, who: &Browser, why: &str) -> Result<(), Stop> {
        let (page, content) = (format!("/u/{}", who.name), world.gossip());
        for server in &self.apps {
            server.stranger()?.visits(&page).await.expect_page("A profile is for everybody.")?;
        }
        who.at(self.app(0).address()).publishes(&content).await.expect_redirect(why)?;
        for server in &self.apps {
            let seen = server.stranger()?.visits(&page).await.expect_page("A profile is for everybody.")?;
            seen.expect_post(&content, why).map_err(|stop| server.is_at_fault(stop))?;
        }
        Ok(())
    }

    async fn is_accepted(&self, seen: Seen, change: &Change, why: &str) -> Result<(), Stop> {
        seen.expect_redirect(why)?;
        self.expect_shown_by(&self.apps, change, why).await
    }

    /// Each of these servers shows it.
    pub async fn expect_shown_by(&self, servers: &[Server], change: &Change, why: &str) -> Result<(), Stop> {
        let mut fronts = Vec::new();
        for server in servers {
            let front = server.shows().await?;
            change.expect_in_its_place(self, &front, why).await?;
            fronts.push(front);
        }
        for front in &fronts {
            change.expect_shown(self, front, why).await?;
        }
        Ok(())
    }
}
