//! One memory for all servers: asked once, the same everywhere, and told of every change.

use crate::{
    story::Stop,
    world::{World, change::Meanwhile, site::SiteBuilder},
};

impl World {
    /// Servers with one Redis, where nobody loses patience: what is looked at is who says what, not how quickly.
    pub(crate) fn patient_site(&mut self, apps: usize) -> SiteBuilder<'_> {
        let site = self.site().apps(apps).redis();
        site.with("CACHE_TTL", "600s").with("CACHE_TIMEOUT", "30s").with("QUEUE_DEADLINE", "60s")
    }
}

/// Three servers ask the same five questions, each for itself, and a new one asks them again.
pub async fn asks_once_for_all(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(2).shares_redis().start().await?;
    let why = "The first server has asked. Whoever comes after it, for CACHE_TTL, is told what that one was told.";

    site.is_changed_by_hand(world).await?;
    let first = site.app(0).shows().await?;
    site.is_changed_by_hand(world).await?;
    let second = site.app(1).shows().await?;
    second.expect_as(&first, why)?;

    let joined = site.is_joined(world).await?;
    joined.shows().await?.expect_as(&first, why)
}

/// Alice reloads: there it is. She reloads: gone. She reloads: back again.
pub async fn servers_agree(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).shares_redis().start().await?;
    let alice = world.somebody_registered(site.app(1)).await?;
    let why = "Whoever reloads is on another server, and on another page: what two servers remember must be one thing.";

    site.app(0).shows().await?;
    site.is_changed_by_hand(world).await?;
    site.app(1).shows().await?;
    site.is_changed_by_hand(world).await?;
    site.app(2).shows().await?;
    world.measured("versions of the front page, on 3 servers", site.versions().await?);
    site.expect_one_front(why).await?;

    world.new_gossip().is_made(&alice, site.app(1)).await?.expect_redirect("Alice has something to tell.")?;
    site.is_changed_by_hand(world).await?;
    site.expect_one_front(why).await?;

    let why =
        "Each of them has told the others of its own change. What one of them knew before is not what there is now.";
    site.expect_all_kept(world, &alice, why).await
}

/// Alice publishes on one server and reloads on another: nothing.
pub async fn new_post_shows_at_once(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).shares_redis().start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let why =
        "She was told that it is out: it is in the feed, its tag is among the tags and it counts, on every server.";

    let gossip = world.new_gossip();
    site.expect_shown_at_once(world, &alice, &gossip, Meanwhile::NobodyReads, why).await?;
    let gossip = world.new_gossip();
    site.expect_shown_at_once(world, &alice, &gossip, Meanwhile::TheDatabaseIsBusy, why).await?;
    let gossip = world.new_gossip();
    site.expect_shown_at_once(world, &alice, &gossip, Meanwhile::WordsAreOnTheirWay, why).await?;
    let gossip = world.new_gossip();
    site.expect_shown_at_once(world, &alice, &gossip, Meanwhile::RepliesAreOnTheirWay, why).await?;

    let why = "Her own page is asked for once in a while. Nobody has said that it may be remembered.";
    site.expect_on_own_page(world, &alice, why).await
}

/// Bob registers, and for a minute some servers have never heard of him.
pub async fn new_user_shows_at_once(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).shares_redis().start().await?;
    let nobody = world.someone(site.app(0))?;
    let why = "Whoever has registered is among those who just arrived, and counts, on every server.";

    let bob = world.newcomer();
    site.expect_shown_at_once(world, &nobody, &bob, Meanwhile::NobodyReads, why).await?;
    let bob = world.newcomer();
    site.expect_shown_at_once(world, &nobody, &bob, Meanwhile::TheDatabaseIsBusy, why).await?;
    let bob = world.newcomer();
    site.expect_shown_at_once(world, &nobody, &bob, Meanwhile::WordsAreOnTheirWay, why).await?;
    let bob = world.newcomer();
    site.expect_shown_at_once(world, &nobody, &bob, Meanwhile::RepliesAreOnTheirWay, why).await
}

/// You click Like, and one number moves on one server.
pub async fn new_like_shows_at_once(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(3).shares_redis().start().await?;
    let readers = world.people_registered(site.app(0), 4).await?;
    let why =
        "A like stands in three places: under the gossip, among the most liked and in the numbers, on every server.";

    let like = world.like_of_newest(&site).await?;
    site.expect_shown_at_once(world, &readers[0], &like, Meanwhile::NobodyReads, why).await?;
    site.expect_shown_at_once(world, &readers[1], &like, Meanwhile::TheDatabaseIsBusy, why).await?;
    site.expect_shown_at_once(world, &readers[2], &like, Meanwhile::WordsAreOnTheirWay, why).await?;
    site.expect_shown_at_once(world, &readers[3], &like, Meanwhile::RepliesAreOnTheirWay, why).await
}
