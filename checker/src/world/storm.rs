//! A storm of logins, and what a password's hash costs on this machine.

use std::time::Duration;

use super::{
    World,
    http::{Browser, Request},
    load::{
        Outcome,
        crowd::{Asking, counted},
    },
    site::Server,
};
use crate::story::{Stop, failed};

/// How long anybody waits for a login.
const PATIENCE: Duration = Duration::from_secs(60);

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

    /// The median time of a refused login, for this name.
    pub async fn cost_of_a_refusal(&self, who: &Browser, name: &str) -> Result<Duration, Stop> {
        const TRIES: usize = 7;
        let mut times = Vec::new();
        for _ in 0..TRIES {
            times.push(login_time(who, name, "this is not the password").await?);
        }
        times.sort();
        Ok(times[TRIES / 2])
    }

    /// So many browsers of one person log in at once.
    pub async fn login_storm(&self, at: &Server, who: &Browser, logins: usize) -> Result<Asking, Stop> {
        let crowd = self.crowd(at.own_address(), logins).await?;
        self.note(format!("{logins} people log in at once"));
        let login = Request::post("/login", &[("name", &who.name), ("password", &who.password)]);
        let stranger = who.another()?;
        Ok(crowd.asks(vec![stranger.outgoing(&login); logins], PATIENCE))
    }
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
