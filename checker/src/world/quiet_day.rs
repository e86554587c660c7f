//! Days on which little happens, and people who come one after the other.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{
    World,
    database::WriteLock,
    http::{Browser, Request, Seen},
    load::crowd::Asking,
    people::joined,
    site::{Server, Site},
};
use crate::story::{Failure, Stop, failed};

/// How long anybody in a line is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

impl World {
    /// Several who have registered and are logged in.
    pub async fn people_registered(&mut self, at: &Server, people: usize) -> Result<Vec<Browser>, Stop> {
        let people = (0..people).map(|_| self.someone(at)).collect::<Result<Vec<_>, _>>()?;
        try_join_all(people.into_iter().map(joined)).await
    }
}

impl Site {
    /// Whoever watches the process is told that it lives.
    pub async fn expect_healthy(&self, why: &str) -> Result<(), Stop> {
        let (address, stage) = (self.door().own_address(), self.door().stage());
        let mut watcher = Browser::new("the watchdog".to_owned(), String::new(), address, stage)?;
        watcher.visits("/health").await.expect_page(why)?;
        Ok(())
    }

    /// Each of these people does a bit of everything, all of them side by side, so many rounds; things that go wrong for
    /// them, too, since what is taken and not given back adds up on every way out.
    pub async fn lives_a_quiet_day(
        &self,
        world: &mut World,
        people: &[Browser],
        rounds: usize,
        why: &str,
    ) -> Result<(), Stop> {
        for round in 1..=rounds {
            let who = match people.len() {
                1 => "somebody uses".to_owned(),
                many => format!("{many} people use"),
            };
            let moment = world.timeline().begin(format!("{who} the site, round {round}"));
            let days = people.iter().map(|person| a_bit_of_everything(person.clone(), world.gossip(), why));
            try_join_all(days.collect::<Vec<_>>()).await?;
            moment.end("everybody was served");
        }
        Ok(())
    }

    /// A form whose head arrives at once, and whose body only after `delay`.
    pub async fn publishes_over_a_slow_line(
        &self,
        author: &Browser,
        content: &str,
        delay: Duration,
    ) -> Result<Seen, Stop> {
        let mut author = author.another_with_cookies()?;
        let request = Request::post("/post", &[("content", content), ("tag", "gossip")]);
        let requests = self.door().link.requests();
        requests.hold_after("\r\n\r\n");
        let sending = tokio::spawn(async move {
            let seen = author.does("publishes over a slow line", &request).await;
            (author, seen)
        });
        requests.held(PATIENCE).await?;
        // The delay is what is tested.
        tokio::time::sleep(delay).await;
        requests.release();
        let (_, seen) = sending.await?;
        Ok(seen)
    }

    /// One after the other publishes, while somebody else holds the write lock: each is waiting before the next one comes.
    pub async fn line_up(&self, world: &mut World, author: &Browser, contents: &[String]) -> Result<Line, Stop> {
        world.note("the database is busy: somebody else holds its write lock");
        let lock = self.database.lock_writes().await?;
        let mut asking = Vec::new();
        for content in contents {
            let post = Request::post("/post", &[("content", content.as_str()), ("tag", "gossip")]);
            let crowd = world.crowd(self.door().own_address(), 1).await?;
            asking.push(crowd.asks(vec![author.outgoing(&post)], PATIENCE));
            // Nothing outside shows that it stands in line. The server rests when it does.
            world.until_it_rests(self.door(), Duration::from_secs(1)).await;
        }
        world.note(format!("{} people have come to publish, one after the other", contents.len()));
        Ok(Line { lock, asking, contents: contents.to_vec() })
    }
}

async fn a_bit_of_everything(mut person: Browser, content: String, why: &str) -> Result<(), Stop> {
    let mut nobody = person.another()?;
    nobody.password = "not the password".to_owned();
    let profile = format!("/u/{}", person.name);
    let nobody_there = format!("/u/{}x", &person.name[..4]);
    let too_long = content.repeat(40);
    let published = |content| Request::post("/post", &[("content", content)]);
    act("the feed", person.sends(&Request::get("/")).await.expect_page(why))?;
    act("a profile", person.sends(&Request::get(&profile)).await.expect_page(why))?;
    act("a gossip", person.sends(&published(content.as_str())).await.expect_redirect(why))?;
    act("one that is too long", person.sends(&published(too_long.as_str())).await.expect_status(422, why))?;
    act("an empty one", person.sends(&published("")).await.expect_status(422, why))?;
    act("a profile of nobody", person.sends(&Request::get(&nobody_there)).await.expect_status(404, why))?;
    let wrong = [("name", nobody.name.as_str()), ("password", nobody.password.as_str())];
    act("a wrong password", nobody.sends(&Request::post("/login", &wrong)).await.expect_status(422, why))
}

/// Of the many things that were asked for, the one that went wrong.
fn act<T>(what: &str, outcome: Result<T, Stop>) -> Result<(), Stop> {
    match outcome {
        Ok(_) => Ok(()),
        Err(Stop::Failed(failure)) => {
            let expected = format!("for {what}: {}", failure.expected);
            Err(Stop::Failed(Failure { expected, ..failure }))
        }
        Err(broken @ Stop::Broken(_)) => Err(broken),
    }
}

/// People who stand in line, in the order in which they came.
pub struct Line {
    lock: WriteLock,
    asking: Vec<Asking>,
    contents: Vec<String>,
}

impl Line {
    /// The lock is free, everybody is served. Returns in how many pairs the one who came later was served earlier.
    pub async fn moves(self, world: &World, site: &Site) -> Result<usize, Stop> {
        world.note("the write lock is free");
        self.lock.release().await?;
        for asking in self.asking {
            for outcome in asking.answers().await? {
                if !matches!(outcome.status(), Some(302 | 303)) {
                    let why = "Waiting is allowed, and the jam is over: each of them is served.";
                    return failed("303", outcome.summary(), why);
                }
            }
        }
        let kept: Vec<String> = site.database.posts().await?.into_iter().map(|post| post.content).collect();
        let places: Vec<Option<usize>> =
            self.contents.iter().map(|content| kept.iter().position(|kept| kept == content)).collect();
        let later = |at: usize| places[at + 1..].iter().filter(|later| **later < places[at]).count();
        Ok((0..places.len()).map(later).sum())
    }
}
