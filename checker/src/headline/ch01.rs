//! 2004: what one box for $5 a month serves, and whether it keeps what it was told.

use std::time::Duration;

use super::{Bench, Better, Figure};
use crate::{
    story::Stop,
    world::{World, http::Request, load::Outgoing},
};

pub const BENCH: Bench =
    Bench { measure: |world| Box::pin(measure(world)), notes: &["One process, one file of data."] };

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    const GOSSIPS: usize = 50;
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;

    let feed = world.load(site.door().own_address()).of(Outgoing::get("/"));
    let feed = feed.connections(16).lasting(Duration::from_secs(2)).saturates().await?;

    let before = site.database.count("posts").await?;
    for _ in 0..GOSSIPS {
        let content = world.gossip();
        alice.sends(&Request::post("/post", &[("content", &content)])).await;
    }
    site.is_killed_and_restarted().await?;
    let kept = site.database.count("posts").await?.saturating_sub(before);
    Ok(vec![
        Figure::rate("the feed, served by one box", feed.throughput()),
        Figure::count("gossips kept, of 50, over a kill", usize::try_from(kept)?, Better::Higher),
    ])
}
