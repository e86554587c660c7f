//! People who give up, press the button once, or wait: what the balancer owes each of them.

use std::time::Duration;

use hyper::Method;

use crate::{chapters::earlier, story::Stop, world::World};

/// Two hundred people close the tab, and the server that they had asked looks busy for ever.
pub async fn aborted_clients_do_not_count(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(2).start().await?;
    let other = world.pick(2);

    // All of them are at the same server.
    fleet.is_sick(other);
    fleet.is_asked(other, 3).await;
    let given_up = fleet.people_give_up(67).await?;
    fleet.is_well(other);
    fleet.is_asked(other, 3).await;

    world.measured("people who gave up", given_up.people);
    let newcomers = fleet.newcomers(60).await?;
    let why = "Whoever has left is no work. A count that only comes down at the end of an answer never does for them.";
    fleet.expect_each(&newcomers, 6, why)
}

/// The server took the gossip and died before it said so. It was sent once more, and is on the feed twice.
pub async fn post_is_never_sent_twice(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(3).start().await?;
    let why = "The server may have done it before it died. Whoever asks again asks for a second one.";
    // Connections that are kept have been used before.
    fleet.newcomers(6).await?;

    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        fleet.expect_sent_once(method.clone(), Some("gossip"), why).await?;
        fleet.expect_sent_once(method, None, why).await?;
    }
    fleet.expect_broken_off_once(why).await
}

/// Something takes two seconds, as it did that night, and is cut in the middle.
pub async fn slow_request_is_not_cut(world: &mut World) -> Result<(), Stop> {
    let slow = world.delay(Duration::from_secs(2));
    let fleet = world.fleet(2).with("HEALTH_EVERY", "50ms").with("HEALTH_TIMEOUT", "100ms").start().await?;
    let path = format!("/wait/{}", slow.as_millis());
    let why =
        "A slow request is not a dead server: HEALTH_TIMEOUT is for the question how it is, and for nothing else.";

    let letter = fleet.ask_until_taken(&path, why).await?;

    fleet.expect_waited_for(&letter, slow, why)?;
    fleet.expect_visits(&path, 1, why)
}

/// A new pattern quietly breaks an old promise.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.site().balancer().start().await?;
    earlier::hold(world, &site).await
}
