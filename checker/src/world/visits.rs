//! Visits that take more than one request: until a server answers, until a session is over, from many browsers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::http::{Browser, Page, Request, Seen};
use crate::story::{Stop, human};

/// Between two visits of somebody who waits for something to change.
const AGAIN: Duration = Duration::from_millis(20);
/// How long servers that were killed may take until one is asked again.
const RECOVERY: Duration = Duration::from_secs(15);

impl Browser {
    /// Another browser of the same person, with a copy of this one's cookies.
    pub fn another_with_cookies(&self) -> anyhow::Result<Browser> {
        let mut other = self.another()?;
        self.cookies().iter().for_each(|(name, value)| other.set_cookie(name, value));
        Ok(other)
    }

    /// Opens a page; while the site is being repaired, tries again until it comes.
    pub async fn reaches(&mut self, path: &str) -> Result<Arc<Page>, Stop> {
        let moment = self.timeline().begin(format!("{} opens {path}", self.name));
        let deadline = Instant::now() + RECOVERY;
        let seen = loop {
            let seen = self.sends(&Request::get(path)).await;
            if matches!(&seen, Seen::Answered(page) if !page.status.is_server_error()) || Instant::now() > deadline {
                break seen;
            }
            tokio::time::sleep(AGAIN).await;
        };
        moment.end(seen.summary());
        seen.expect_page("A server that is dead is not the end of the site.")
    }

    /// Opens the feed again and again until it takes her for a stranger, or this moment has come.
    pub async fn is_known_until(&mut self, end: Instant) -> Result<(), Stop> {
        let moment = self.timeline().begin(format!("{} opens / again and again", self.name));
        let began = Instant::now();
        while Instant::now() < end {
            let page = self.sends(&Request::get("/")).await.expect_page("The feed is for everybody.")?;
            if page.greets().is_none() {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        moment.end(format!("known for {:.1} s", began.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Asks for nothing.
    pub async fn is_away(&self, pause: Duration) {
        let moment = self.timeline().begin(format!("{} is away", self.name));
        tokio::time::sleep(pause).await;
        moment.end(human(pause));
    }

    /// Opens the feed, which still greets her. An answer that comes after this moment says nothing.
    pub async fn expect_known_before(&mut self, end: Instant, why: &str) -> Result<(), Stop> {
        let feed = self.visits("/").await.expect_page("The feed is for everybody.")?;
        if Instant::now() < end { feed.expect_greets(&self.name, why) } else { Ok(()) }
    }

    /// Logs in and out again.
    pub async fn comes_and_goes(&mut self) -> Result<(), Stop> {
        self.logs_in().await.expect_redirect("She logs in.")?;
        self.logs_out().await.expect_redirect("Logging out is a form; after it comes a page.")?;
        Ok(())
    }

    /// Logs in from as many new browsers.
    pub async fn logs_in_from(&self, browsers: usize) -> Result<(), Stop> {
        for _ in 0..browsers {
            self.another()?.logs_in().await.expect_redirect("One can be logged in on several browsers.")?;
        }
        Ok(())
    }
}
