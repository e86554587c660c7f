//! All servers of a site, asked directly and at once: what one of them says, each of them must.

use futures_util::future::{join_all, select_all};

use super::{
    World,
    http::{Browser, Page, Request, Seen},
    site::{Server, Site},
};
use crate::story::{Failure, Stop, failed};

/// How long a request may take from the door to a server; a registration on a busy machine takes a second.
const ON_ITS_WAY: std::time::Duration = std::time::Duration::from_secs(15);

impl Site {
    /// Those that take this browser for whose it is.
    pub async fn everyone_is_asked(&self, browser: &Browser) -> Result<Vec<&Server>, Stop> {
        let mut knowing = Vec::new();
        for (server, page) in self.answers_to(browser).await? {
            if page.greets().as_ref() == Some(&browser.name) {
                knowing.push(server);
            }
        }
        Ok(knowing)
    }

    pub async fn expect_known_everywhere(&self, browser: &Browser, why: &str) -> Result<(), Stop> {
        for (server, page) in self.answers_to(browser).await? {
            page.expect_greets(&browser.name, why).map_err(|stop| said_by(server, stop))?;
        }
        Ok(())
    }

    pub async fn expect_stranger_everywhere(&self, browser: &Browser, why: &str) -> Result<(), Stop> {
        for (server, page) in self.answers_to(browser).await? {
            page.expect_stranger(why).map_err(|stop| said_by(server, stop))?;
        }
        Ok(())
    }

    async fn answers_to(&self, browser: &Browser) -> Result<Vec<(&Server, std::sync::Arc<Page>)>, Stop> {
        let asking = self.apps.iter().map(|server| async move {
            let mut browser = browser.at(server.address());
            let act = format!("{} asks {} directly", browser.name, server.name());
            (server, browser.does(act, &Request::get("/")).await)
        });
        let answers = join_all(asking).await;
        answers
            .into_iter()
            .map(|(server, seen)| Ok((server, seen.expect_page("The feed is for everybody.")?)))
            .collect()
    }

    /// Does something through the door, and says which server took the request whose first line begins with this.
    pub async fn taker_of(
        &self,
        world: &World,
        request: &str,
        act: impl Future<Output = Seen>,
    ) -> Result<(Seen, &Server), Stop> {
        for server in &self.apps {
            server.link.requests().hold_before(request);
        }
        let mut act = std::pin::pin!(act);
        let taken = {
            let held = self.apps.iter().map(|server| Box::pin(server.link.requests().held(ON_ITS_WAY)));
            tokio::select! {
                (held, index, _) = select_all(held) => held.ok().map(|()| &self.apps[index]),
                _ = &mut act => None,
            }
        };
        for server in &self.apps {
            server.link.requests().release();
        }
        match taken {
            Some(server) => {
                let seen = act.await;
                world.note(format!("it was {} that took it", server.name()));
                Ok((seen, server))
            }
            None => failed(
                format!("{request} goes through to one of the servers"),
                "none of them got it",
                "A balancer hands requests on.",
            ),
        }
    }
}

fn said_by(server: &Server, stop: Stop) -> Stop {
    match stop {
        Stop::Failed(failure) => {
            let saw = format!("{}: {}", server.name(), failure.saw);
            Stop::Failed(Failure { saw, ..failure }.of(server.name()))
        }
        broken @ Stop::Broken(_) => broken,
    }
}
