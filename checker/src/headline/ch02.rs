//! 2007: the ladder of boxes, and what one box makes of a crowd.

use std::time::Duration;

use super::{Bench, Better, Figure};
use crate::{
    story::Stop,
    world::{
        World,
        http::{Browser, Request},
        load::Outgoing,
    },
};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "The ladder is the number of worker threads: 1, 2, 4, 8. It ends where this machine has no more cores; then nothing.",
    ],
};

/// What a month cost, and its worker threads.
const LADDER: [(&str, &str); 4] = [("$5", "1"), ("$40", "2"), ("$320", "4"), ("$640", "8")];
const PATIENCE: Duration = Duration::from_secs(60);

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let mut figures = crowd(world).await?;
    for (price, workers) in LADDER {
        let site = world.site().with("TOKIO_WORKER_THREADS", workers).start().await?;
        let feed = world.load(site.door().own_address()).of(Outgoing::get("/"));
        let feed = feed.connections(16).lasting(Duration::from_secs(1)).saturates().await?;
        figures.push(Figure::rate(&format!("the feed, box of {price} ({workers} workers)"), feed.throughput()));
        site.door().is_killed().await?;
    }
    Ok(figures)
}

async fn crowd(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let site = world.small_box().with("QUEUE_DEADLINE", "60s").start().await?;
    let authors: Vec<Browser> = world.people_registered(site.door(), 3).await?;
    let hash = world.cost_of_a_login(&authors[0]).await?;

    let reading = world.load(site.door().own_address()).of(authors[0].outgoing(&Request::get("/")));
    let reading = reading.rate(4.0 / hash.as_secs_f64()).lasting(hash * 40).starts()?;
    let storm = world.login_storm(site.door(), &authors[0], 50).await?;
    let readers = reading.ends().await?;
    storm.answers().await?;

    let jam = site.jams(world, &authors, 847, PATIENCE).await?;
    let after = jam.clears(world).await?;
    let well = after.answered_with(303) + after.answered_with(302);
    site.door().is_killed().await?;
    Ok(vec![
        Figure::count("answered well, of 847 at once", well, Better::Higher),
        Figure::time("p99 of the feed while 50 log in", readers.p99()),
    ])
}
