//! What production asks of a table of sessions beyond that.

use std::time::Duration;

use crate::{
    story::Stop,
    world::{World, http::Request},
};

/// A backup is left on a train, and whoever finds it is everybody.
pub async fn stolen_database_is_useless(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let thief = world.someone(site.door())?;
    let before = site.database.loot().await?;
    alice.logs_in().await.expect_redirect("She logs in.")?;
    let session = alice.session_cookie().await?;

    world.note("somebody copies the whole database");
    let everything = site.database.loot().await?;
    let loot = everything.without(&before);

    world.measured("values in the database that a login left", loot.len());
    let why = "What is kept only has to recognise the cookie. It must not be the cookie.";
    session.expect_nobody(&thief, "tries what is in the database", &loot.as_cookies(), why).await?;
    session.expect_no_key_among(&everything, why)
}

/// Most people never log out, and their rows stay for ever.
pub async fn expired_rows_are_purged(world: &mut World) -> Result<(), Stop> {
    const TTL: Duration = Duration::from_secs(1);
    let site = world.site().apps(2).with("SESSION_TTL", "1s").start().await?;
    let alice = world.somebody_registered(site.door()).await?;

    let before = site.database.rows().await?;
    alice.logs_in_from(3).await?;
    alice.another()?.comes_and_goes().await?;
    let grown = site.database.rows().await?.grown_since(&before);

    world.measured("rows that logins left", grown.total());
    let why = "What nobody looks at any more is swept up, or the table grows with every login there ever was.";
    // Two SESSION_TTL after the end, and a busy machine's share.
    let limit = TTL * 3 + Duration::from_secs(5);
    site.database.expect_shrinks_to(world, &before, &grown, limit, why).await
}

/// The database hiccups, and thousands are told that they are strangers.
pub async fn a_database_error_is_not_a_logout(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    let stylesheet = feed.expect_stylesheet("The page has one.")?;
    let before = alice.cookies().clone();
    let why = "“I could not look” is not “I looked, and you are nobody”.";

    let broken = site.database.loses_its_tables().await?;
    world.note("the database is out of order: its tables cannot be found");
    alice.visits("/").await.expect_error_or_known(&alice.name, why)?;
    alice.visits("/login").await.expect_error_or_known(&alice.name, why)?;
    let gossip = Request::post("/post", &[("content", &world.gossip())]);
    alice.does("she publishes", &gossip).await.expect_error_or_redirect_to("/", why)?;
    alice.visits("/health").await.expect_page("The server is well; it is the database that is not.")?;
    alice.visits(&stylesheet).await.expect_page("A stylesheet is in no database.")?;
    broken.heal().await?;
    world.note("the database works again");

    alice.expect_same_cookies(&before, why)?;
    alice.visits("/").await.expect_page("It is over.")?.expect_greets(&alice.name, why)
}
