//! What a cache must be, wherever it stands: one answer for all who ask, with an end, about nobody in particular; and what
//! it must not be: needed.

use std::time::{Duration, Instant};

use crate::{
    chapters::earlier,
    story::{Stop, failed},
    world::{World, http::Request, redis::Garbage},
};

/// The same five queries forty times a second, with the same result, every time.
pub async fn forty_times_fewer(world: &mut World) -> Result<(), Stop> {
    const TTL: Duration = Duration::from_secs(20);
    let site = world.site().redis().shares_redis().with("CACHE_TTL", "20s").with("CACHE_TIMEOUT", "5s").start().await?;
    let why = "Nobody said that anything changed, and CACHE_TTL is not over: whoever asks is told what the first one was told.";

    let versions = site.versions_of(world, 40, TTL).await?;

    world.measured("computations for 40 front pages", versions);
    match versions {
        1 => Ok(()),
        many => failed(
            "40 pages, all of one computation",
            format!("{many} different ones; nothing is cached for long"),
            why,
        ),
    }
}

/// A row is mended by hand, and the mistake stays on the page for ever.
pub async fn expires(world: &mut World) -> Result<(), Stop> {
    const TTL: Duration = Duration::from_secs(1);
    /// The brief's.
    const GRACE: Duration = Duration::from_secs(1);
    let site = world.site().redis().with("CACHE_TTL", "1s").with("CACHE_TIMEOUT", "5s").start().await?;
    let why = "CACHE_TTL counts from when the answer was computed. It ends however often it is asked for, and whoever dies meanwhile.";

    site.app(0).shows().await?;
    let latest = Instant::now() + TTL + GRACE;
    let change = site.is_changed_by_hand(world).await?;
    site.expect_shown_by_then(&change, latest, why).await?;

    // Whoever comes after a while in which nobody came.
    site.app(0).shows().await?;
    let latest = Instant::now() + TTL + GRACE;
    let change = site.is_changed_by_hand(world).await?;
    world.nobody_comes_until(latest).await;
    site.expect_shown_by_then(&change, latest, why).await?;

    if site.dies_between_a_value_and_its_end().await? {
        site.app(0).shows().await?;
        let latest = Instant::now() + TTL + GRACE;
        let change = site.is_changed_by_hand(world).await?;
        site.expect_shown_by_then(&change, latest, why).await?;
    }
    Ok(())
}

/// Bob opens the front page, and is Alice.
pub async fn your_name_is_not_my_name(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(2).start().await?;
    let mut people = world.people_registered(site.app(0), 2).await?;
    let why = "The five blocks are the same for everybody. Who is greeted, and what is in the form, is not.";
    let draft = "too long ".repeat(56) + &world.mark();

    site.expect_own_pages(&mut people, why).await?;
    let refused = people[0].publishes(&draft).await.expect_status(422, "A gossip has at most 500 characters.")?;
    refused.expect_still_typed(&draft, "What somebody typed for ten minutes is theirs.")?;
    site.expect_own_pages(&mut people, why).await?;
    site.redis().is_emptied().await?;
    people[0].publishes(&draft).await.expect_status(422, "A gossip has at most 500 characters.")?;
    site.expect_own_pages(&mut people, why).await
}

/// Somebody else writes into your keys, and the front page is a 500 until they end.
pub async fn garbage_is_a_miss(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(1).start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let why = "What cannot be understood is no answer, and no error either: the database has one.";

    site.expect_garbage_is_a_miss(world, &alice, Garbage::Word, why).await?;
    site.expect_garbage_is_a_miss(world, &alice, Garbage::NoText, why).await?;
    site.expect_garbage_is_a_miss(world, &alice, Garbage::Half, why).await?;
    site.expect_garbage_is_a_miss(world, &alice, Garbage::AnotherType, why).await
}

/// Alice publishes, and somebody else's jobs are gone.
pub async fn other_keys_survive(world: &mut World) -> Result<(), Stop> {
    const TTL: Duration = Duration::from_secs(1);
    let site = world.site().redis().with("CACHE_TTL", "1s").with("CACHE_TIMEOUT", "5s").start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let others = site.redis().is_shared(world.rng()).await?;
    let why = "You can name every key that is yours. FLUSHDB and KEYS speak to everybody's.";

    site.runs_errands(world, &alice, "The site works.").await?;
    others.expect_untouched(site.redis(), why).await?;

    let latest = Instant::now() + TTL * 2;
    let change = site.is_changed_by_hand(world).await?;
    site.expect_shown_by_then(&change, latest, "CACHE_TTL is over.").await?;
    others.expect_untouched(site.redis(), why).await
}

/// Redis is gone, and with it a site that had worked without for five years.
pub async fn redis_down_is_slow_not_broken(world: &mut World) -> Result<(), Stop> {
    const PATIENCE: Duration = Duration::from_secs(4);
    let site = world.site().redis().with("CACHE_TTL", "600s");
    let site = site.with("CACHE_TIMEOUT", "100ms").with("QUEUE_DEADLINE", "4s").start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let again = Duration::from_millis(100) * 100;
    let why = "Everything is in the database. Redis makes it quick, and nothing else depends on it.";

    site.is_warm().await?;
    site.redis().is_killed().await?;
    site.runs_errands(world, &alice, why).await?.expect_each_within(world, PATIENCE, why)?;
    site.redis().starts().await?;
    site.expect_remembers_within(world, again, "It is back, and nobody should have to restart the site for that.")
        .await?;

    site.redis().is_frozen();
    site.runs_errands(world, &alice, why).await?.expect_each_within(world, PATIENCE, why)?;
    site.redis().thaws();
    site.expect_remembers_within(world, again, "It goes on, and nobody should have to restart the site for that.")
        .await?;

    if site.redis().is_full().await? {
        let why = "Others have filled it. What cannot be remembered is a page all the same.";
        site.runs_errands(world, &alice, why).await?.expect_each_within(world, PATIENCE, why)?;
        site.redis().has_room().await?;
        site.expect_remembers_within(
            world,
            again,
            "It has room again, and nobody should have to restart the site for that.",
        )
        .await?;
    }
    Ok(())
}

/// Everything restarts in the night, in any order, and the site waits for its cache.
pub async fn starts_without_redis(world: &mut World) -> Result<(), Stop> {
    let site = world.site().redis_that_is_away().with("CACHE_TTL", "600s");
    let site = site.with("CACHE_TIMEOUT", "100ms").with("QUEUE_DEADLINE", "4s").start().await?;
    let alice = world.somebody_registered(site.app(0)).await?;
    let again = Duration::from_millis(100) * 100;

    site.runs_errands(world, &alice, "Everything is in the database.").await?;
    site.redis().starts().await?;
    site.expect_remembers_within(world, again, "Now it is there, and nobody should have to restart the site for that.")
        .await
}

/// A gossip has more likes than the site has readers.
pub async fn likes_count_once(world: &mut World) -> Result<(), Stop> {
    let site = world.patient_site(2).shares_redis().start().await?;
    let people = world.people_registered(site.app(0), 2).await?;
    let (alice, bob) = (&people[0], &people[1]);
    let like = world.like_of_newest(&site).await?;
    let why = "A like is a reader and a gossip. Clicking twice is liking.";

    like.is_made(alice, site.app(0)).await?.expect_redirect_to("/", why)?;
    like.is_made(alice, site.app(0)).await?.expect_redirect_to("/", why)?;
    site.database.expect_likes(&like, 1, why).await?;
    like.is_made(&alice.another_with_cookies()?, site.app(1)).await?.expect_redirect_to("/", why)?;
    like.is_made_by_many(alice, site.apps.iter(), 10, why).await?;
    site.database.expect_likes(&like, 1, why).await?;
    like.expect_under_it(&site.app(0).shows().await?, 1, why)?;

    like.is_made(bob, site.app(0)).await?.expect_redirect_to("/", why)?;
    like.expect_under_it(&site.app(0).shows().await?, 2, "Two readers like it.")?;

    let mut stranger = world.someone(site.app(0))?;
    let seen = stranger.does("a stranger likes it", &like.request()).await;
    seen.expect_redirect_to("/login", "Without a login, a like is nobody's.")?;
    let foreign = like.request().with_origin("https://evil.example");
    let seen = bob.clone().does("another site makes his browser like it", &foreign).await;
    seen.expect_status(403, "His browser says in Origin whose form it is.")?;
    let nothing = Request::post("/like", &[("id", "987654321")]);
    let seen = bob.clone().does(format!("{} likes what nobody told", bob.name), &nothing).await;
    seen.expect_status(404, "There is no such gossip.")?;
    site.database.expect_likes(&like, 2, why).await
}

/// A new pattern quietly breaks an old promise.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.site().balancer().redis().shares_redis().with("CACHE_TIMEOUT", "5s").start().await?;
    earlier::hold(world, &site).await?;

    let mut alice = world.somebody_registered(site.door()).await?;
    let (gossip, mark) = (world.gossip(), world.mark());
    let text = format!("{gossip}, <b id=\"{mark}\">they</b> say & it's &lt;true&gt;");
    alice.publishes(&text).await.expect_redirect("Any text is a fine gossip.")?;
    let computed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    let remembered = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    let refused = alice.publishes(&"too long ".repeat(56)).await.expect_status(422, "It has over 500 characters.")?;
    for page in [computed, remembered, refused] {
        page.expect_post(
            &text,
            "A reader must read what the author typed, sign for sign, on every page with the feed.",
        )?;
        page.expect_harmless(&mark)?;
    }
    Ok(())
}
