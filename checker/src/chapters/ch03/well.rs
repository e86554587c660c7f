//! Who is well: servers that die, are sick, freeze and come back.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};

use crate::{
    story::{Stop, failed},
    world::{World, wire::Ask},
};

/// A server falls over, and every third reader is still sent there.
pub async fn dead_server_is_skipped(world: &mut World) -> Result<(), Stop> {
    who_is_refused_goes_elsewhere(world).await?;

    const EVERY: Duration = Duration::from_millis(50);
    let site =
        world.site().apps(3).balancer().with("HEALTH_EVERY", "50ms").with("HEALTH_TIMEOUT", "5s").start().await?;
    let victim = site.app(world.pick(3));
    let readers = site.readers(world, 6)?;
    readers.read(30, Instant::now()).await?;

    let under_way = victim.link.open();
    let death = Instant::now();
    victim.is_killed().await?;
    let noticed = death + 2 * EVERY;
    readers.read(30, noticed).await?;

    world.measured("pages missed in the moment of the death", readers.missing(death, noticed));
    readers.expect_all_came(noticed, "Two HEALTH_EVERY after its death nobody may notice that a server is dead.")?;
    let missing = readers.missing(death, noticed);
    if missing > under_way {
        return failed(
            format!("at most {under_way} pages are missed: as many as the server had connections"),
            format!("{missing} were missed before the balancer noticed"),
            "A refused connection has carried nothing: the same request can go to the next server, and its reader never knows.",
        );
    }
    Ok(())
}

/// Between the death and the next question for its health there is only the refused connection to learn from.
async fn who_is_refused_goes_elsewhere(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(4).with("HEALTH_EVERY", "10m").start().await?;
    let first = world.pick(4);
    let second = (first + 1 + world.pick(3)) % 4;
    fleet.everybody_is_known().await;

    fleet.expect_death_unnoticed(first, Method::POST).await?;
    fleet.expect_death_unnoticed(second, Method::GET).await
}

/// A server whose disk is full takes connections as ever, says 503 to whoever asks how it is, and gets every third reader.
pub async fn sick_server_is_skipped(world: &mut World) -> Result<(), Stop> {
    // One is well, some will be sick, each in its way; the others will take the question, and leave it at that.
    const SICK: [(usize, StatusCode); 4] = [
        (0, StatusCode::SERVICE_UNAVAILABLE),
        (18, StatusCode::NOT_FOUND),
        (19, StatusCode::FOUND),
        (20, StatusCode::NO_CONTENT),
    ];
    let fleet = world.fleet(21).with("HEALTH_EVERY", "250ms").with("HEALTH_TIMEOUT", "225ms").start().await?;
    let (sick, silent) = (0, (2..18).collect::<Vec<_>>());
    let why = "Well is who answers GET /health with 200 within HEALTH_TIMEOUT. An open port is no answer.";
    let usual = fleet.expect_asked(sick, 3, None).await?;

    fleet.hang(&silent);
    fleet.expect_asked(sick, 3, Some(5 * usual)).await?;
    for (server, status) in SICK {
        fleet.says_of_its_health(server, status);
    }
    fleet.expect_asked(sick, 3, Some(5 * usual)).await?;
    fleet.are_asked(&SICK.map(|(server, _)| server), 3).await;

    let asked = fleet.asked_for("/light/after", 30).await?;
    for (server, status) in SICK {
        let who = format!("answers GET /health with {}", status.as_u16());
        fleet.expect_nothing_at(&[server], &who, &asked, why)?;
    }
    fleet.expect_nothing_at(&silent, "does not answer GET /health", &asked, why)
}

/// Everybody is dead, and people look at a white page until their browser gives up.
pub async fn all_dead_is_503(world: &mut World) -> Result<(), Stop> {
    const AT_ONCE: Duration = Duration::from_millis(250);
    let fleet = world.fleet(3).with("HEALTH_EVERY", "10m").with("HEALTH_TIMEOUT", "250ms").start().await?;
    fleet.everybody_is_known().await;

    fleet.everybody_dies().await?;

    let gossip = Ask::new(Method::POST, "/echo").body("gossip");
    let took = [
        fleet.expect_busy(Ask::get("/light")).await?,
        fleet.expect_busy(gossip).await?,
        fleet.expect_busy(Ask::get("/health")).await?,
    ];
    let quickest = took.into_iter().min().unwrap_or_default();
    world.measured("from the question to the 503 ms", quickest.as_secs_f64() * 1000.0);
    if quickest > AT_ONCE {
        let saw = format!("the quickest of {} took {} ms", took.len(), quickest.as_millis());
        let why = "Nobody is there. Whoever waits for that news waits for nothing, and a crowd of them is a crowd that waits.";
        return fleet.failed("503 at once: within HEALTH_TIMEOUT, 250 ms", saw, why);
    }
    Ok(())
}

/// A server is repaired, and nobody ever sends it anything again.
pub async fn returning_server_is_used(world: &mut World) -> Result<(), Stop> {
    let mut fleet = world.fleet(3).start().await?;
    let back = world.pick(3);
    let why = "A server that is back takes its share again, and starts with nothing under way.";

    // It dies with requests under way, and while more are sent to it.
    fleet.slow_ones_come(2).await?;
    fleet.dies(back);
    fleet.let_readers_try(20).await?;
    fleet.comes_back(back)?;
    fleet.slow_ones_are_over().await?;
    fleet.is_asked(back, 3).await;
    fleet.expect_used_again(back, why).await?;

    fleet.is_sick(back);
    fleet.is_asked(back, 3).await;
    fleet.let_readers_try(20).await?;
    fleet.is_well(back);
    fleet.is_asked(back, 3).await;
    fleet.expect_used_again(back, why).await
}
