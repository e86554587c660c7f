//! People who register while nothing can be written: whatever they wait for comes when the lock is free.

use std::time::Instant;

use tokio::task::JoinHandle;

use crate::{
    story::Stop,
    world::{
        World,
        busy::many_times,
        database::WriteLock,
        http::{Browser, Seen},
        site::Site,
    },
};

pub struct Registering {
    lock: WriteLock,
    under_way: Vec<JoinHandle<Seen>>,
}

impl Registering {
    /// Returns when their requests are in their handlers, and wait for the write lock that somebody else holds.
    pub async fn behind_a_lock(world: &mut World, site: &Site, people: Vec<Browser>) -> Result<Registering, Stop> {
        let (began, idle) = (Instant::now(), site.door().process().work());
        world.somebody_registered(site.door()).await?;
        let (usual, busy) = (began.elapsed(), site.door().process().work());

        world.note("the database is busy: somebody else holds its write lock");
        let lock = site.database.lock_writes().await?;
        // Half of what it takes to hash a password each: the requests are in their handlers, and cannot end.
        let cost = busy.zip(idle).map_or(usual, |(busy, idle)| busy.saturating_sub(idle)) / 2 * people.len() as u32;
        let register = |mut person: Browser| tokio::spawn(async move { person.registers().await });
        let under_way = people.into_iter().map(register).collect();
        world.until_it_works(site.door(), busy, cost, many_times(usual)).await;
        Ok(Registering { lock, under_way })
    }

    /// The lock is free, and they are answered.
    pub async fn go_on(self, world: &World) -> Result<Vec<Seen>, Stop> {
        world.note("the write lock is free");
        self.lock.release().await?;
        let mut answers = Vec::new();
        for answer in self.under_way {
            answers.push(answer.await?);
        }
        Ok(answers)
    }
}
