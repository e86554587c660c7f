//! Who lives in a world, and what they say: names, passwords and gossip that nobody could have known.

use std::net::SocketAddr;

use rand::{RngExt, seq::IndexedRandom};

use super::{World, http::Browser, site::Server};
use crate::story::Stop;

/// So often does somebody come back who was told to. On a machine with much to do, a short QUEUE_DEADLINE is over before
/// a server that has nothing else to do has had its turn.
const COMES_BACK: usize = 2;

impl World {
    /// Somebody new in front of the site, with a name and a password that nobody could have known.
    pub fn someone(&mut self, at: &Server) -> Result<Browser, Stop> {
        self.someone_at(at.address())
    }

    pub fn someone_at(&mut self, at: SocketAddr) -> Result<Browser, Stop> {
        let name = self.name();
        let password = format!("pass word {:016x}", self.rng.random::<u64>());
        Ok(Browser::new(name, password, at, &self.stage)?)
    }

    /// A name that nobody has.
    pub fn name(&mut self) -> String {
        const NAMES: [&str; 16] = [
            "alice", "bruno", "chidi", "dilara", "emre", "farah", "goran", "hana", "imani", "jonas", "kaya", "lucia",
            "mateo", "noor", "olga", "pablo",
        ];
        let name = NAMES.choose(&mut self.rng).copied().unwrap_or("alice");
        format!("{name}{:04}", self.rng.random_range(0..10_000))
    }

    /// Somebody new who has registered, and is logged in.
    pub async fn somebody_registered(&mut self, at: &Server) -> Result<Browser, Stop> {
        joined(self.someone(at)?).await
    }

    /// A gossip that nobody has told before.
    pub fn gossip(&mut self) -> String {
        const WHO: [&str; 8] = [
            "The baker",
            "My neighbor",
            "Our teacher",
            "The new mayor",
            "Aunt May",
            "The dentist",
            "Somebody's uncle",
            "The mail carrier",
        ];
        const WHAT: [&str; 8] = [
            "hides a parrot",
            "sings at four in the morning",
            "never returned the ladder",
            "won the lottery twice",
            "is afraid of pigeons",
            "wears a wig",
            "has a twin",
            "wrote that letter",
        ];
        let who = WHO.choose(&mut self.rng).copied().unwrap_or_default();
        let what = WHAT.choose(&mut self.rng).copied().unwrap_or_default();
        format!("{who} {what}, says number {}", self.rng.random_range(100_000..1_000_000))
    }

    /// A tag that no gossip has.
    pub fn tag(&mut self) -> String {
        format!("tag-{:08x}", self.rng.random::<u32>())
    }

    /// An element's id that no page has by itself: where it turns up as one, text has become markup.
    pub fn mark(&mut self) -> String {
        format!("m{:08x}", self.rng.random::<u32>())
    }

    /// A number of four digits, to know a text again.
    pub fn number(&mut self) -> u32 {
        self.rng.random_range(1000..10_000)
    }
}

impl Browser {
    /// Publishes, and reads it on the feed.
    pub async fn publishes_and_reads(&mut self, content: &str, why: &str) -> Result<(), Stop> {
        let mut published = self.publishes(content).await;
        for _ in 0..COMES_BACK {
            if published.is_sent_away() {
                published = self.publishes(content).await;
            }
        }
        published.expect_redirect(why)?;
        let mut feed = self.visits("/").await;
        for _ in 0..COMES_BACK {
            if feed.is_sent_away() {
                feed = self.visits("/").await;
            }
        }
        feed.expect_page(why)?.expect_post(content, why).map(drop)
    }
}

/// The same person, who has registered, and is logged in.
pub(super) async fn joined(mut browser: Browser) -> Result<Browser, Stop> {
    let mut seen = browser.registers().await;
    for _ in 0..COMES_BACK {
        if seen.is_sent_away() {
            seen = browser.registers().await;
        }
    }
    seen.expect_redirect("Nobody can join.")?;
    Ok(browser)
}
