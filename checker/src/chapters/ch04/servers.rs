//! Servers that die, join, restart and share the work: nobody who is logged in notices.

use std::time::Instant;

use crate::{
    chapters::earlier,
    story::Stop,
    world::{World, spread::Rivals},
};

/// Alice's server dies, and everybody whom it knew stands in front of the login page.
pub async fn login_survives_server_death(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(3).balancer().with("HEALTH_EVERY", "50ms").start().await?;
    let mut alice = world.somebody_registered(site.door()).await?.another()?;
    let why = "Who is logged in is logged in on the site, not on one of its servers.";

    let (seen, server) = site.taker_of(world, "POST /login", alice.logs_in()).await?;
    seen.expect_redirect("She has an account.")?;
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, why)?;

    server.is_killed().await?;

    let feed = alice.reaches("/").await?;
    world.measured("logged out with the server that died", u32::from(feed.greets().is_none()));
    feed.expect_greets(&alice.name, why)?;
    let content = world.gossip();
    alice.publishes(&content).await.expect_redirect_to("/", why)?;
    alice.visits("/").await.expect_page(why)?.expect_post_by(&alice.name, &content, why)
}

/// Alice refreshes, another server answers, and it has never met her.
pub async fn any_server_any_request(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(3).with("QUEUE_DEADLINE", "30s").start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let content = world.gossip();
    let why = "A server that has to be the right one cannot be taken away, and cannot be helped by another.";

    site.expect_known_everywhere(&alice, why).await?;

    let mut bob = alice.at(site.app(2).address()).another()?;
    let began = Instant::now();
    bob.logs_in().await.expect_redirect("She logs in on another browser.")?;
    let usual = began.elapsed();
    site.expect_known_everywhere(&bob, why).await?;
    let mut writing = bob.at(site.app(1).address());
    writing.publishes(&content).await.expect_redirect_to("/", why)?;
    let feed = bob.at(site.app(0).address()).visits("/").await.expect_page(why)?;
    feed.expect_post_by(&alice.name, &content, why)?;

    // What is said while nothing can be written is true already, or only when there is time.
    let mut carol = bob.another()?;
    let (seen, lock) = world.while_nothing_can_be_written(&site, usual, carol.logs_in()).await?;
    seen.expect_redirect("A busy database is no reason to refuse a login; it is one to wait.")?;
    if let Some(lock) = lock {
        site.expect_known_everywhere(&carol, why).await?;
        lock.release().await?;
    }
    Ok(())
}

/// A school comes online: 600 children behind one address, one server for all of them, and two that are bored.
pub async fn one_address_is_spread(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(3).balancer().start().await?;
    let session = world.somebody_registered(site.door()).await?.session_cookie().await?;

    let spread = site.spread_of_crowd(world, &session, 60).await?;

    world.measured("requests a server, of 60 from one address", spread.counts());
    spread.expect_each_has(3, "A crowd behind one address is a crowd. Whoever is bored could help.")
}

/// Quick requests queue behind slow ones, while another server has nothing to do.
pub async fn load_still_counts(world: &mut World) -> Result<(), Stop> {
    let rivals = Rivals::start()?;
    let site = world.site().balancer_over(rivals.addresses()).with("HEALTH_EVERY", "50ms").start().await?;
    let mut alice = world.someone(site.door())?;
    alice.set_cookie("session", &world.mark());

    let slow = rivals.begin_slow(world, &alice).await?;
    rivals.visit_quickly(world, &alice, 30).await?;
    rivals.expect_quick_ones_elsewhere(2, "Least under way first: there is a server with nothing to do.")?;
    rivals.let_slow_one_end();
    slow.await?.expect_page("A slow request is answered in the end.")?;

    rivals.favourite_dies(world);
    // Only now, so that it is the one that everybody went to.
    let why = "A server that is gone costs nobody a page: another one is there.";
    alice.visits("/light").await.expect_page(why)?;
    alice.visits("/light").await.expect_page(why)?;
    alice.visits("/light").await.expect_page(why)?;
    Ok(())
}

/// Nobody dares to restart anything, because a restart is a logout for thousands.
pub async fn restart_everything(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(2).balancer().with("HEALTH_EVERY", "50ms").start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let why = "A deploy restarts every server. It is not a logout.";
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, why)?;

    site.is_killed_and_restarted().await?;

    let feed = alice.reaches("/").await?;
    feed.expect_greets(&alice.name, why)?;
    site.expect_known_everywhere(&alice, why).await
}

/// More servers are bought, and none of them knows anybody.
pub async fn new_server_knows_you(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let why = "A server that has to have been there when you logged in cannot be added on a busy day.";

    let joined = site.is_joined(world).await?;

    let mut there = alice.at(joined.address());
    there.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, why)?;
    there.publishes(&world.gossip()).await.expect_redirect_to("/", why)?;
    site.door().is_killed().await?;
    there.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, why)
}

/// A new pattern quietly breaks an old promise.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(2).balancer().start().await?;
    earlier::hold(world, &site).await
}
