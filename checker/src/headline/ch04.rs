//! 2007: a server dies, and with it whoever it remembered.

use super::{Bench, Better, Figure};
use crate::{story::Stop, world::World};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "Three servers; twelve people behind one address, as at a school. The server that dies is the busiest one.",
    ],
};

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    const PEOPLE: usize = 12;
    let site = world.site().apps(3).balancer().start().await?;
    let before: Vec<u64> = site.apps.iter().map(|server| server.link.requests().bytes()).collect();
    let mut people = world.people_registered(site.door(), PEOPLE).await?;
    let gained: Vec<u64> =
        site.apps.iter().zip(before).map(|(server, before)| server.link.requests().bytes() - before).collect();
    let busiest = gained.iter().enumerate().max_by_key(|(_, bytes)| **bytes).map_or(0, |(server, _)| server);

    site.app(busiest).is_killed().await?;
    let mut lost = 0;
    for person in &mut people {
        let page = person.reaches("/").await?;
        lost += usize::from(page.greets().is_none());
    }
    Ok(vec![Figure::count("logged out by the death of one server, of 12", lost, Better::Lower)])
}
