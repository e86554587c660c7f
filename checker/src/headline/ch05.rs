//! 2009: the same five queries, asked by every server.

use std::time::Duration;

use super::{Bench, Better, Figure};
use crate::{
    story::Stop,
    world::{World, load::Outgoing},
};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "Ten servers. Without a cache, 40 pages are 40 computations of five queries each; with a memory on each server, one on \
         each, and another one whenever a server starts.",
        "A row changes before each of the 40, so each computation shows; nobody says so, and CACHE_TTL is not over.",
    ],
};

const SERVERS: usize = 10;
const PAGES: usize = 40;
const TTL: Duration = Duration::from_secs(60);

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let site = world.site().apps(SERVERS).redis().with("CACHE_TTL", "60s").with("CACHE_TIMEOUT", "5s").start().await?;
    let computed = site.versions_of(world, PAGES, TTL).await?;
    let pages = world.load(site.app(0).own_address()).of(Outgoing::get("/"));
    let pages = pages.rate(40.0).lasting(Duration::from_secs(2)).starts()?.ends().await?;
    Ok(vec![
        Figure::count("times the five queries were asked, for 40 pages", computed, Better::Lower),
        Figure::time("a page, 40 a second, p50", pages.p50()),
        Figure::time("an answer of Redis, p50", site.redis().takes().await?),
    ])
}
