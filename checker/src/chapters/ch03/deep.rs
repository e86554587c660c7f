//! What production asks of a balancer beyond that.

use std::time::Duration;

use hyper::Method;

use crate::{
    story::Stop,
    world::{World, wire::Ask},
};

/// A server hangs. Its port is open, and whoever is sent there waits.
pub async fn frozen_server_is_skipped(world: &mut World) -> Result<(), Stop> {
    // Ten times as long as promised: this machine is busy, and nobody's program is to blame for it.
    const NOTICED: Duration = Duration::from_millis(10 * (2 * 50 + 100));
    let site =
        world.site().apps(3).balancer().with("HEALTH_EVERY", "50ms").with("HEALTH_TIMEOUT", "100ms").start().await?;
    let frozen = site.app(world.pick(3));

    frozen.is_frozen();

    site.expect_reads_soon(
        world,
        6,
        NOTICED,
        "It takes connections and says nothing: ask it something, and do not wait long.",
    )
    .await?;
    frozen.thaws();
    Ok(())
}

/// An idle connection is closed at the other end, and the next reader gets an error page for it.
pub async fn stale_connection_is_not_an_error(world: &mut World) -> Result<(), Stop> {
    // No probes: one that has just connected would be closed as idle, and a server that closes on a probe is not well.
    let fleet = world.fleet(2).with("HEALTH_EVERY", "10m").start().await?;
    let why = "A connection that was kept may be gone. That is the balancer's business and nobody else's.";

    for round in 0..10 {
        fleet.newcomers(4).await?;
        fleet.idle_connections_close().await;
        let post = Ask::new(Method::POST, format!("/echo/{round}")).body("gossip");
        fleet.ask(post, why).await?.expect_status(200, why)?;
        fleet.newcomers(4).await?;
        fleet.idle_connections_close().await;
        fleet.newcomers(4).await?;
    }

    fleet.connections_close_on_next_use().await;
    fleet.newcomers(4).await?;
    fleet.connections_close_on_next_use().await;
    fleet.expect_at_most_once(why).await
}

/// The balancer is restarted, and twenty answers end in the middle.
pub async fn drains_on_sigterm(world: &mut World) -> Result<(), Stop> {
    let mut fleet = world.fleet(2).with("SHUTDOWN_GRACE", "30s").start().await?;
    let mut idle = fleet.connect().await?;
    fleet.quick(&mut idle).await?;
    fleet.slow_ones_come(2).await?;
    fleet.long_answers_begin(2).await?;
    let why = "What is under way ends as it would have ended. What comes now goes to the next balancer.";

    fleet.balancer().is_told_to_stop();

    fleet.expect_takes_nobody(world, why).await?;
    fleet.slow_ones_end().await?;
    fleet.balancer().expect_stopped(Duration::from_secs(15), "An idle connection is nobody who waits.").await
}

/// The servers stagger, and the balancer hits them three times for each reader.
pub async fn no_retry_storm(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(3).with("HEALTH_EVERY", "10m").start().await?;
    let why =
        "Each request tries each server once at most. Whoever is down does not get up from being asked more often.";

    fleet.everybody_breaks_off(60).await?;

    fleet.expect_at_most_once_each("/close", why)?;
    // One more for each question after somebody's health.
    fleet.expect_connections_at_most(3 * 60 + 3, why)
}
