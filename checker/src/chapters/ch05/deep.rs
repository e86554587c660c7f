//! What production asks of a cache beyond that: bounded when it is slow, quiet when it ends, and never older than a change.

use std::time::Duration;

use crate::{
    story::{Stop, failed, human},
    world::{World, herd, late::Outage},
};

/// Redis takes five commands and says nothing, five times.
pub async fn redis_slow_is_bounded(world: &mut World) -> Result<(), Stop> {
    const TIMEOUT: Duration = Duration::from_millis(800);
    let site = world.site().redis().with("CACHE_TTL", "600s").with("QUEUE_DEADLINE", "60s");
    let site = site.with("CACHE_TIMEOUT", "800ms").start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let why = "A page has one patience for Redis, whatever it asks of it. After that it asks the database.";

    site.is_warm().await?;
    site.redis().is_killed().await?;
    let usual = site.runs_errands(world, &alice, why).await?;
    site.redis().starts().await?;
    site.is_warm().await?;

    world.note("Redis takes everything, and says nothing");
    site.app(0).to_redis().replies().hold();
    let silent = site.runs_errands(world, &alice, why).await?;
    world.measured("slowest with a silent Redis ms", silent.slowest().as_millis() as u64);
    silent.expect_at_most(world, &usual, TIMEOUT * 3 / 2, why)?;

    world.note("Redis says everything nine tenths of CACHE_TIMEOUT late");
    site.app(0).to_redis().replies().slow(TIMEOUT * 9 / 10);
    site.app(0).to_redis().replies().release();
    let late = site.runs_errands(world, &alice, why).await?;
    late.expect_at_most(world, &usual, TIMEOUT * 3 / 2, why)
}

/// The answer ends while fifty people reload, and fifty times five queries are what the database gets.
pub async fn one_recompute(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).start().await?;
    let why = "One of them computes, and the others wait for that: they would get the same, fifty times.";

    site.is_warm().await?;
    site.redis().is_emptied().await?;
    let fronts = site.fronts_of_a_herd(world, 50).await?;
    world.measured("computations for 50 readers at once", herd::expect_one(&fronts, why)?);

    let patience = Duration::from_secs(2);
    let site = world.site().apps(3).redis().with("CACHE_TTL", "600s").with("CACHE_TIMEOUT", "5s");
    let site = site.with("QUEUE_DEADLINE", "2s").start().await?;
    site.is_warm().await?;
    site.dies_while_it_computes().await?;
    let why =
        "Whoever computes may die. Those who wait for it have half of their patience left to compute for themselves.";
    let took = site.app(1).took_for_its_front(why).await?;
    if took < patience { Ok(()) } else { failed(format!("a page within {}", human(patience)), human(took), why) }
}

/// Server 1 has asked the database and is slow to say what it got. Meanwhile, somebody publishes.
pub async fn late_write_does_not_resurrect(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let why =
        "It was computed before the gossip was there. However late it comes to Redis, nobody may be shown it any more.";

    let words = site.expect_late_words_harmless(world, &alice, why).await?;
    world.measured("words to Redis that came late, each after a gossip", words);
    Ok(())
}

/// Alice's gossip is in the database, and Redis never heard of it.
pub async fn failed_delete_heals(world: &mut World) -> Result<(), Stop> {
    const TIMEOUT: Duration = Duration::from_millis(200);
    let site = world.site().apps(2).redis().with("CACHE_TTL", "600s").with("QUEUE_DEADLINE", "20s");
    let site = site.with("CACHE_TIMEOUT", "200ms").start().await?;
    let people = world.people_registered(site.app(0), 2).await?;
    let why = "What could not be said is owed, and said as soon as it can be. CACHE_TTL is far away.";

    site.expect_made_up_for(world, &people[0], Outage::Cut, TIMEOUT * 10, why).await?;
    site.expect_made_up_for(world, &people[1], Outage::Silent, TIMEOUT * 10, why).await?;
    site.expect_made_up_for_who_left(world, &people[0], TIMEOUT * 10, why).await
}
