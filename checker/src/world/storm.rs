//! A storm of logins, and what a password's hash costs on this machine.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{
    World,
    http::{Browser, Request},
    load::{
        Outcome,
        crowd::{Asking, counted},
    },
    site::{Server, Site},
};
use crate::story::{Stop, failed};

/// How long anybody waits for a login.
const PATIENCE: Duration = Duration::from_secs(60);

/// Long enough for a login to get its turn, if there is one.
const A_MOMENT: Duration = Duration::from_millis(50);

/// Between two who come one after the other: less than a moment, so that somebody waits for each turn that ends.
const NEXT: Duration = Duration::from_millis(10);

/// What a login costs until its hash has begun, and has touched the memory that it needs.
const BEGINNING: Duration = Duration::from_millis(25);

impl World {
    /// What checking one password takes, from request to answer: the least of a few.
    pub async fn cost_of_a_login(&self, who: &Browser) -> Result<Duration, Stop> {
        let mut least = PATIENCE;
        for _ in 0..3 {
            least = least.min(login_time(who, &who.name, &who.password).await?);
        }
        self.note(format!("one login, alone, takes {} ms: that is the cost of a hash", least.as_millis()));
        Ok(least)
    }

    /// What it takes to refuse a login for each of these names: the least of a few, since whatever else this machine does
    /// makes it longer and never shorter.
    pub async fn costs_of_refusals<const N: usize>(
        &self,
        who: &Browser,
        names: [&str; N],
    ) -> Result<[Duration; N], Stop> {
        const TRIES: usize = 5;
        let mut least = [PATIENCE; N];
        for _ in 0..TRIES {
            for (least, name) in least.iter_mut().zip(names) {
                *least = (*least).min(login_time(who, name, "this is not the password").await?);
            }
        }
        Ok(least)
    }

    /// So many browsers of one person log in at once.
    pub async fn login_storm(&self, at: &Server, who: &Browser, logins: usize) -> Result<Asking, Stop> {
        self.note(format!("{logins} people log in at once"));
        self.logins(at, who, logins, PATIENCE).await
    }

    /// So many browsers of one person log in at once, and leave when they have lost patience.
    pub async fn logins(&self, at: &Server, who: &Browser, logins: usize, patience: Duration) -> Result<Asking, Stop> {
        let crowd = self.crowd(at.own_address(), logins).await?;
        let login = Request::post("/login", &[("name", &who.name), ("password", &who.password)]);
        let stranger = who.another()?;
        Ok(crowd.asks(vec![stranger.outgoing(&login); logins], patience))
    }

    /// So many people who are new register at once, and leave when they have lost patience.
    pub async fn registrations(&mut self, at: &Server, people: usize, patience: Duration) -> Result<Asking, Stop> {
        let crowd = self.crowd(at.own_address(), people).await?;
        let forms = (0..people).map(|_| {
            let somebody = self.someone(at)?;
            let form = [("name", somebody.name.as_str()), ("password", somebody.password.as_str())];
            Ok(somebody.outgoing(&Request::post("/register", &form)))
        });
        Ok(crowd.asks(forms.collect::<Result<_, Stop>>()?, patience))
    }

    /// Somebody whose password takes a core for many seconds: to log in as her keeps busy what others wait for.
    pub async fn somebody_endless(&mut self, site: &Site) -> Result<Browser, Stop> {
        let somebody = self.somebody_registered(site.door()).await?;
        site.database.make_hash_endless(&somebody.name).await?;
        Ok(somebody)
    }

    /// So many endless logins at once; returns when as many hashes could have begun.
    pub async fn endless_logins(&self, at: &Server, who: &Browser, logins: usize) -> Result<Asking, Stop> {
        self.note(format!("{logins} people log in at once, with passwords that take a core for many seconds each"));
        let before = at.process().work();
        let asking = self.logins(at, who, logins, PATIENCE).await?;
        self.until_it_works(at, before, BEGINNING * logins as u32, PATIENCE / 10).await;
        Ok(asking)
    }

    /// So many endless logins one after the other, each of them given up after a moment.
    pub async fn endless_logins_given_up(&self, at: &Server, who: &Browser, logins: usize) -> Result<(), Stop> {
        let moment = self.timeline().begin(format!(
            "{logins} people log in one after the other, with such passwords, and each leaves after a moment"
        ));
        let one = |number: usize| async move {
            // They come at intervals; nothing is waited for.
            tokio::time::sleep(NEXT * number as u32).await;
            self.logins(at, who, 1, A_MOMENT).await?.answers().await
        };
        try_join_all((0..logins).map(one)).await?;
        moment.end("all have left");
        Ok(())
    }
}

/// More hashes at once than a server may run that keeps its memory: so many logins leave no turn free.
pub fn more_than_turns() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    16 + 2 * cores
}

async fn login_time(who: &Browser, name: &str, password: &str) -> Result<Duration, Stop> {
    let login = Request::post("/login", &[("name", name), ("password", password)]);
    let seen = who.another()?.sends(&login).await;
    Ok(seen.expect_answer("A login is answered.")?.took)
}

/// Every login of a storm led to the next page.
pub fn expect_all_in(outcomes: &[Outcome], why: &str) -> Result<(), Stop> {
    let redirected = outcomes.iter().filter(|outcome| matches!(outcome.status(), Some(302 | 303))).count();
    if redirected == outcomes.len() {
        return Ok(());
    }
    failed(format!("{} × 303", outcomes.len()), counted(outcomes), why)
}
