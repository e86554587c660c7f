//! A jam: somebody has the database's write lock, and people who publish wait behind it; what each of them was told, and when.

use std::{collections::BTreeSet, time::Duration};

use super::{
    World,
    database::WriteLock,
    http::{Browser, Request, quoted},
    load::{
        Outcome,
        crowd::{Asking, counted},
    },
    shed,
    site::{Site, SiteBuilder},
};
use crate::story::{Stop, failed, human};

/// Beyond this, nobody counts on an answer any more.
const SETTLED: Duration = Duration::from_secs(3);

/// A reader who waits longer waits for those who write. A page takes milliseconds; a busy machine makes them more.
const READING: Duration = Duration::from_secs(4);

impl World {
    /// The box of 2007: two worker threads, 1,024 open files, and a database server as it comes.
    pub fn small_box(&mut self) -> SiteBuilder<'_> {
        self.site().with("TOKIO_WORKER_THREADS", "2").open_files(1024).few_connections()
    }
}

/// People who publish while nobody can.
pub struct Jam {
    lock: WriteLock,
    asking: Asking,
    contents: Vec<String>,
}

/// What they were told.
pub struct AfterJam {
    contents: Vec<String>,
    outcomes: Vec<Outcome>,
}

impl Site {
    /// So many people, each with a gossip of their own and a connection of their own, publish at once while somebody
    /// else holds the write lock. Returns when everything has arrived and rests.
    pub async fn jams(
        &self,
        world: &mut World,
        authors: &[Browser],
        people: usize,
        patience: Duration,
    ) -> Result<Jam, Stop> {
        let contents: Vec<String> = (1..=people).map(|number| format!("{}, and {number}", world.gossip())).collect();
        let posts = contents.iter().zip(authors.iter().cycle());
        let posts = posts.map(|(content, author)| {
            author.outgoing(&Request::post("/post", &[("content", content.as_str()), ("tag", "gossip")]))
        });
        let posts = posts.collect();
        world.note("the database is busy: somebody else holds its write lock");
        let lock = self.database.lock_writes().await?;
        let crowd = world.crowd(self.door().own_address(), people).await?;
        world.note(match people {
            1 => "somebody comes, and publishes".to_owned(),
            _ => format!("{people} people come at once, and publish"),
        });
        let asking = crowd.asks(posts, patience);
        world.until_it_rests(self.door(), SETTLED).await;
        Ok(Jam { lock, asking, contents })
    }
}

impl Jam {
    /// The lock is free, and everybody is answered.
    pub async fn clears(self, world: &World) -> Result<AfterJam, Stop> {
        world.note("the write lock is free");
        self.lock.release().await?;
        let moment = world.timeline().begin("everybody gets an answer");
        let outcomes = self.asking.answers().await?;
        moment.end(counted(&outcomes));
        Ok(AfterJam { contents: self.contents, outcomes })
    }

    /// Everybody is answered while the jam lasts; then the lock is free.
    pub async fn outlasts(self, world: &World) -> Result<AfterJam, Stop> {
        let moment = world.timeline().begin("the jam lasts longer than anybody's patience");
        let outcomes = self.asking.answers().await?;
        moment.end(counted(&outcomes));
        world.note("the write lock is free");
        self.lock.release().await?;
        Ok(AfterJam { contents: self.contents, outcomes })
    }

    /// Everybody gives up and leaves; then the lock is free.
    pub async fn breaks_up(self, world: &World) -> Result<(), Stop> {
        world.note("everybody loses patience, and leaves");
        self.asking.is_given_up().await;
        world.note("the write lock is free");
        self.lock.release().await
    }

    /// Somebody who only wants to read gets the feed while the jam lasts.
    pub async fn expect_feed_for(&self, world: &World, site: &Site, reader: &Browser, why: &str) -> Result<(), Stop> {
        let moment = world.timeline().begin(format!("{} opens / meanwhile", reader.name));
        let crowd = world.crowd(site.door().own_address(), 1).await?;
        let seen = crowd.asks(vec![reader.outgoing(&Request::get("/"))], READING).answers().await?;
        moment.end(counted(&seen));
        if seen.iter().all(|outcome| outcome.status() == Some(200)) {
            return Ok(());
        }
        world.expect_steady_machine(READING / 8)?;
        failed("the feed, while others wait to publish", format!("within {}: {}", human(READING), counted(&seen)), why)
    }
}

impl AfterJam {
    pub fn answered_with(&self, status: u16) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status() == Some(status)).count()
    }

    /// Everybody was sent on to the next page, as if they had been alone.
    pub fn expect_all_published(&self, why: &str) -> Result<(), Stop> {
        let redirected = self.answered_with(303) + self.answered_with(302);
        if redirected == self.outcomes.len() {
            return Ok(());
        }
        failed(format!("{} × 303", self.outcomes.len()), counted(&self.outcomes), why)
    }

    /// Each gossip whose author was told so is kept, once, and no other.
    pub async fn expect_kept_as_told(&self, site: &Site, why: &str) -> Result<(), Stop> {
        let kept: Vec<String> = site.database.posts().await?.into_iter().map(|post| post.content).collect();
        let unique: BTreeSet<&String> = kept.iter().collect();
        for (content, outcome) in self.contents.iter().zip(&self.outcomes) {
            let told = matches!(outcome.status(), Some(302 | 303));
            let (expected, saw) = match (told, unique.contains(content)) {
                (true, true) => continue,
                (true, false) => ("it is kept", "it is not in the table posts"),
                (false, true) if matches!(outcome, Outcome::Answered { .. }) => {
                    ("it is not kept", "it is in the table posts")
                }
                (false, _) => continue,
            };
            let said = format!("{} was answered {}, so {expected}", quoted(content), outcome.summary());
            return failed(said, saw, why);
        }
        let ours = kept.iter().filter(|content| self.contents.contains(content)).count();
        if ours > self.contents.len() {
            return failed("each gossip once", format!("{ours} of {}", self.contents.len()), why);
        }
        Ok(())
    }

    /// Everybody was told to come back later, no sooner than the deadline and no later than three of it.
    pub fn expect_all_shed(&self, world: &World, deadline: Duration) -> Result<(), Stop> {
        shed::expect_all(&self.outcomes, "the write lock", world, deadline)
    }
}
