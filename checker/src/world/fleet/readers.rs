//! Readers who open the feed again and again, and what each of them saw and when: a death under load is judged afterwards.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use futures_util::future::join_all;
use tokio::{
    task::JoinSet,
    time::{Duration, sleep, timeout},
};

use crate::{
    story::{Failure, Stop, broken, failed, human},
    world::{
        World,
        http::{Browser, Request, Seen},
        site::Site,
    },
};

/// In which readers get through a few pages, on a busy machine.
const READ: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(5);

/// A crowd that reads until it is dropped.
pub struct Readers {
    visits: Arc<Mutex<Vec<Visit>>>,
    /// Dropped with it.
    _reading: JoinSet<()>,
}

struct Visit {
    began: Instant,
    seen: Seen,
}

impl Site {
    /// So many readers, each opening the feed as soon as the page before has come.
    pub fn readers(&self, world: &mut World, people: usize) -> Result<Readers, Stop> {
        world.note(format!("{people} people read the feed, again and again"));
        let visits: Arc<Mutex<Vec<Visit>>> = Arc::default();
        let mut reading = JoinSet::new();
        for _ in 0..people {
            reading.spawn(reads(world.someone_at(self.door().own_address())?, visits.clone()));
        }
        Ok(Readers { visits, _reading: reading })
    }
}

impl Site {
    /// So many readers at once, each with little patience: soon all of them get their page.
    pub async fn expect_reads_soon(
        &self,
        world: &mut World,
        people: usize,
        limit: Duration,
        why: &str,
    ) -> Result<(), Stop> {
        const PATIENCE: Duration = Duration::from_millis(400);
        let browser = world.someone_at(self.door().own_address())?;
        let moment = world.timeline().begin(format!("{people} people open the feed, and those who wait leave"));
        let all_read = || async {
            let reading = (0..people).map(|_| {
                let mut browser = browser.clone();
                async move { timeout(PATIENCE, browser.sends(&Request::get("/"))).await }
            });
            let pages = join_all(reading).await;
            pages.iter().all(|page| page.as_ref().is_ok_and(|seen| seen.status() == Some(200))).then_some(())
        };
        match world.eventually(limit, all_read).await {
            Some(()) => {
                moment.end("all of them get it");
                Ok(())
            }
            None => {
                moment.end("some wait in vain");
                failed(format!("within {} everybody gets it", human(limit)), "somebody still waits in vain", why)
            }
        }
    }
}

async fn reads(mut browser: Browser, visits: Arc<Mutex<Vec<Visit>>>) {
    loop {
        let began = Instant::now();
        let seen = browser.sends(&Request::get("/")).await;
        lock(&visits).push(Visit { began, seen });
    }
}

impl Readers {
    /// Waits until so many pages have come, or not come, that were asked for after this moment.
    pub async fn read(&self, pages: usize, since: Instant) -> Result<(), Stop> {
        let deadline = Instant::now() + READ;
        while self.count(|visit| visit.began >= since) < pages {
            if Instant::now() > deadline {
                return broken(format!("no {pages} pages within {} s; is this machine very busy?", READ.as_secs()));
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// How many pages were asked for between these moments, and did not come.
    pub fn missing(&self, since: Instant, until: Instant) -> usize {
        self.count(|visit| visit.began >= since && visit.began < until && !visit.came())
    }

    /// All pages came that were asked for after this moment.
    pub fn expect_all_came(&self, since: Instant, why: &str) -> Result<(), Stop> {
        let visits = lock(&self.visits);
        let after: Vec<&Visit> = visits.iter().filter(|visit| visit.began >= since).collect();
        let Some(missing) = after.iter().find(|visit| !visit.came()) else { return Ok(()) };
        let count = after.iter().filter(|visit| !visit.came()).count();
        let saw = format!("{count} of {} did not; the first was {}", after.len(), missing.seen.summary());
        Err(Stop::Failed(Failure::new("every page comes", saw, why).of("the balancer")))
    }

    fn count(&self, which: impl Fn(&Visit) -> bool) -> usize {
        lock(&self.visits).iter().filter(|visit| which(visit)).count()
    }
}

impl Visit {
    fn came(&self) -> bool {
        self.seen.status() == Some(200)
    }
}

fn lock(visits: &Mutex<Vec<Visit>>) -> MutexGuard<'_, Vec<Visit>> {
    visits.lock().unwrap_or_else(PoisonError::into_inner)
}
