//! What chapter 01 promised, in short: later chapters hold their sites to it, so that a new pattern cannot quietly break
//! an old one. Every message names the promise.

use crate::{
    story::{Failure, Stop},
    world::{
        World,
        http::{Browser, Request},
        site::{Server, Site},
    },
};

/// Two people use the site through its door, as they did in 2004.
pub async fn hold(world: &mut World, site: &Site) -> Result<(), Stop> {
    hold_at(world, site.door()).await
}

/// The same through any door.
pub async fn hold_at(world: &mut World, door: &Server) -> Result<(), Stop> {
    let mut alice = world.someone(door)?;
    let mut reader = world.someone(door)?;

    promised("people can register", joins(&mut alice).await)?;
    promised("what you publish is on the feed, as you typed it", publishes(world, &mut alice, &mut reader).await)?;
    promised("a refused gossip is still in the form", writes_too_much(&mut alice).await)?;
    promised("another site's form is refused", is_on_another_site(world, &mut alice).await)?;
    promised("people can log out", logs_out_for_good(world, &mut alice).await)?;
    promised("people can log in", comes_back(&mut alice).await)
}

fn promised(promise: &str, kept: Result<(), Stop>) -> Result<(), Stop> {
    kept.map_err(|stop| match stop {
        Stop::Failed(failure) => {
            let why = format!("Chapter 01 promised: {promise}. {}", failure.why);
            Stop::Failed(Failure { why, ..failure })
        }
        broken @ Stop::Broken(_) => broken,
    })
}

async fn joins(alice: &mut Browser) -> Result<(), Stop> {
    let why = "Who has just registered is logged in.";
    alice.registers().await.expect_redirect("Registering is a form; after it comes a page.")?;
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_greets(&alice.name, why)
}

async fn publishes(world: &mut World, alice: &mut Browser, reader: &mut Browser) -> Result<(), Stop> {
    let (gossip, mark) = (world.gossip(), world.mark());
    let text = format!("{gossip}, <b id=\"{mark}\">they</b> say & it's '); DROP TABLE posts; --");

    alice.publishes(&text).await.expect_redirect("Any text is a fine gossip.")?;

    let feed = reader.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_post(&gossip, "What was told must be where everybody looks.")?;
    feed.expect_harmless(&mark)?;
    feed.expect_post(&text, "A reader must read what the author typed, sign for sign.")?;
    feed.expect_post_by(&alice.name, &text, "A gossip shows who said it.")
}

async fn writes_too_much(alice: &mut Browser) -> Result<(), Stop> {
    let text = "too long ".repeat(56);
    let page = alice.publishes(&text).await.expect_status(422, "A gossip has at most 500 characters.")?;
    page.expect_still_typed(&text, "What somebody typed for ten minutes is theirs.")
}

async fn is_on_another_site(world: &mut World, alice: &mut Browser) -> Result<(), Stop> {
    let content = world.gossip();
    let request = Request::post("/post", &[("content", &content)]).with_origin("https://evil.example");
    let seen = alice.does("another site makes her browser POST /post", &request).await;
    seen.expect_status(403, "Her browser says in Origin whose form it is.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_no_post(&content, "A refusal must come before the deed.")
}

/// She logs out, and whoever has a copy of her cookie from before is logged out with her.
pub async fn logs_out_for_good(world: &World, alice: &mut Browser) -> Result<(), Stop> {
    let mut thief = alice.clone();
    alice.logs_out().await.expect_redirect("Logging out is a form; after it comes a page.")?;
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger("She has logged out.")?;

    world.note(format!("somebody uses a copy of the cookie that {} had before", alice.name));
    let page = thief.visits("/").await.expect_page("The feed is for everybody.")?;
    page.expect_stranger("Logging out ends the session on the server; dropping the cookie ends it in one browser only.")
}

async fn comes_back(alice: &mut Browser) -> Result<(), Stop> {
    alice.logs_in().await.expect_redirect("She comes back.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just logged in is logged in.")
}
