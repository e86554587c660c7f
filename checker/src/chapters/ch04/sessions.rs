//! Sessions as their owners understand them, and as those who would like to have them do.

use std::time::{Duration, Instant};

use futures_util::future::try_join;

use crate::{
    story::{Stop, failed, human},
    world::{World, forge, http::Browser, imposter::Imposter, site::Site},
};

/// Alice logs out in the library, and whoever sits down next is still her, on another server.
pub async fn logout_is_everywhere(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(3).with("QUEUE_DEADLINE", "30s").start().await?;
    let mut alice = world.somebody_registered(site.app(0)).await?;
    let why = "Logging out is a promise about the whole site. A server that remembers her is one where anybody is her.";

    // Every server has seen the session, so whatever it remembers of it is there.
    site.everyone_is_asked(&alice).await?;
    site.everyone_is_asked(&alice).await?;
    let copy = alice.clone();
    let began = Instant::now();
    alice.logs_out().await.expect_redirect("Logging out is a form; after it comes a page.")?;
    let usual = began.elapsed();
    site.expect_stranger_everywhere(&copy, why).await?;

    alice.logs_in().await.expect_redirect("She comes back.")?;
    let knowing = site.everyone_is_asked(&alice).await?;
    let copy = alice.clone();
    // On another server than the one that took the login, where another one knows her.
    let mut elsewhere = alice.at(knowing.last().unwrap_or(&site.app(0)).address());
    logs_out_of_a_busy_site(world, &site, &mut elsewhere, usual).await?;
    site.expect_stranger_everywhere(&copy, why).await
}

/// An answer that comes while nothing can be written is true already, or a lie.
async fn logs_out_of_a_busy_site(
    world: &World,
    site: &Site,
    browser: &mut Browser,
    usual: Duration,
) -> Result<(), Stop> {
    let copy = browser.clone();
    let (seen, lock) = world.while_nothing_can_be_written(site, usual, browser.logs_out()).await?;
    seen.expect_redirect("Logging out is a form; after it comes a page.")?;
    if let Some(lock) = lock {
        let why = "She was told that she is logged out. Somewhere she is not, and that somewhere may die before it is.";
        site.expect_stranger_everywhere(&copy, why).await?;
        lock.release().await?;
    }
    Ok(())
}

/// Mallory types a cookie, and is Alice.
pub async fn forged_cookie_is_nobody(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let mallory = world.somebody_registered(site.door()).await?;
    let why = "The cookie is the visitor's to write. What can be guessed or altered will be.";

    let imposter = Imposter::new(&site, &mallory, &alice).await?;
    let mut edited = mallory.clone();
    imposter.edits_cookies(&mut edited);
    edited.visits("/").await.expect_page(why)?.expect_does_not_greet(&alice.name, why)?;

    let session = alice.session_cookie().await?;
    let guesses = imposter.guesses(&mallory.session_cookie().await?.value);
    let altered = forge::altered(&session.value);
    session.expect_nobody(&mallory, "guesses", &guesses, why).await?;
    session.expect_nobody(&mallory, "alters hers", &altered, why).await?;
    session.expect_nobody(&mallory, "writes rubbish", &forge::rubbish(), "Rubbish is a stranger, no error.").await?;

    let several = forge::cookies_of_logins(&alice, &session.name, 4).await?;
    world.measured("bits that differ between two logins' cookies", forge::differing_bits(&several));
    forge::expect_unguessable(&several, why)
}

/// Mallory puts his cookie into Alice's browser, waits until she logs in, and is her.
pub async fn new_id_at_login(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mallory = world.somebody_registered(site.door()).await?;
    let planted = mallory.session_cookie().await?;
    let why = "A session is never made out of a cookie that the browser brought: somebody else may know that one.";

    let mut victim = alice.another()?;
    victim.set_cookie(&planted.name, &planted.value);
    world.note(format!("{} puts his cookie into a browser of {}", mallory.name, alice.name));
    victim.logs_in().await.expect_redirect("She logs in.")?;
    victim.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, "She logged in.")?;
    let mut thief = mallory.clone();
    thief.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger(why)?;

    let made_up = forge::made_up(world, &planted.value);
    let mut victim = alice.another()?;
    victim.set_cookie(&planted.name, &made_up);
    world.note(format!("somebody makes a cookie up and puts it into another browser of {}", alice.name));
    victim.logs_in().await.expect_redirect("She logs in.")?;
    let mut thief = victim.another()?;
    thief.set_cookie(&planted.name, &made_up);
    thief.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger(why)?;

    let mallory = mallory.another()?;
    let mut planting = mallory.clone();
    planting.logs_in().await.expect_redirect("He logs in again.")?;
    let planted = planting.session_cookie().await?;
    let mut newcomer = world.someone(site.door())?;
    newcomer.set_cookie(&planted.name, &planted.value);
    world.note(format!("{} puts his cookie into a browser of {}, who has no account yet", mallory.name, newcomer.name));
    newcomer.registers().await.expect_redirect("Nobody can join.")?;
    newcomer
        .visits("/")
        .await
        .expect_page("The feed is for everybody.")?
        .expect_greets(&newcomer.name, "Who registers is logged in.")?;
    planting.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger(why)?;

    let before = alice.clone();
    alice.logs_in().await.expect_redirect("She logs in once more, without logging out.")?;
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, "She logged in.")?;
    let mut thief = before;
    world.note(format!("somebody uses the cookie that this browser of {} had before", alice.name));
    let why = "Each login is a session of its own; the one that this browser had is over.";
    thief.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger(why)
}

/// Somebody may count in whole seconds: an end that is this early or late is in time.
const ROUNDED: Duration = Duration::from_secs(1);

/// A cookie from an old laptop opens an account years later; and somebody who was away for an hour logs in again.
pub async fn expired_session_is_over(world: &mut World) -> Result<(), Stop> {
    const TTL: Duration = Duration::from_secs(3);
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    let site = world.site().with("SESSION_TTL", "30d").start().await?;
    let mut bob = world.someone(site.door())?;
    let registered = bob.registers().await;
    registered.expect_redirect("Nobody can join.")?;
    let why = "A login lasts SESSION_TTL. A browser that has thrown the key away is logged out before.";
    bob.session_cookie().await?.expect_kept_for(&registered, MONTH - ROUNDED, why)?;

    let site = world.site().with("SESSION_TTL", "3s").start().await?;
    let before = Instant::now();
    let alice = world.somebody_registered(site.door()).await?;
    let used = is_used_until_it_is_over(alice, before, TTL);
    let (lasted, ()) = try_join(used, is_seldom_used(world.someone(site.door())?, TTL)).await?;

    world.measured("seconds that a session of 3 s lasted", (lasted.as_secs_f64() * 10.0).round() / 10.0);
    Ok(())
}

/// Says how long it lasted.
async fn is_used_until_it_is_over(mut alice: Browser, before: Instant, ttl: Duration) -> Result<Duration, Stop> {
    let why = "A session is over SESSION_TTL after the login, used or not, whatever the browser still sends.";
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "It has just begun.")?;

    alice.is_known_until(Instant::now() + ttl + ROUNDED).await?;
    let lasted = before.elapsed();

    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger(why)?;
    alice.publishes("I am still here").await.expect_redirect_to("/login", why)?;
    if lasted < ttl - ROUNDED {
        let why = "Who is logged out before the time is asked for a password that is at home.";
        return failed(format!("a session of {} lasts as long", human(ttl)), human(lasted), why);
    }
    Ok(lasted)
}

/// Registers, logs in once more shortly before the end, and is away for a while.
async fn is_seldom_used(mut bob: Browser, ttl: Duration) -> Result<(), Stop> {
    bob.registers().await.expect_redirect("Nobody can join.")?;
    bob.is_known_until(Instant::now() + ttl * 4 / 5).await?;

    let again = Instant::now();
    bob.logs_in().await.expect_redirect("He logs in once more, without logging out.")?;
    bob.is_away(ttl * 4 / 15).await;
    let why = "SESSION_TTL counts from the login: not from the one before, and not from when a page was last opened.";
    bob.expect_known_before(again + ttl - ROUNDED, why).await
}

/// Alice logs out at work, and her phone at home asks for the password again.
pub async fn two_browsers(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut laptop = world.somebody_registered(site.door()).await?;
    let mut phone = laptop.another()?;
    let why = "A session belongs to a browser, not to a person.";

    phone.logs_in().await.expect_redirect("She logs in on her phone as well.")?;
    laptop.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&laptop.name, why)?;
    phone.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&phone.name, why)?;

    phone.logs_out().await.expect_redirect("Logging out is a form; after it comes a page.")?;

    phone.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger("She logged out here.")?;
    laptop.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&laptop.name, why)?;
    laptop.publishes(&world.gossip()).await.expect_redirect_to("/", why)
}

/// A script on the page reads the cookie, or another site sends it along.
pub async fn cookie_is_guarded(world: &mut World) -> Result<(), Stop> {
    const ORIGIN: &str = "https://gossip.example";
    let site = world.site().with("ORIGIN", ORIGIN).start().await?;
    let mut alice = world.someone(site.door())?;
    alice.comes_from(ORIGIN);

    let registered = alice.registers().await;
    registered.expect_redirect("Nobody can join.")?;
    let session = alice.session_cookie().await?;
    session.expect_guarded(&registered)?;
    let gone = alice.logs_out().await;
    session.expect_removed_where_it_was_set(&registered, &gone)?;
    let logged_in = alice.logs_in().await;
    logged_in.expect_redirect("She comes back.")?;
    session.expect_guarded(&logged_in)
}
