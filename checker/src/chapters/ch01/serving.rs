//! The process and its pages: what others hold on to, and an end that cuts nobody off.

use std::time::Duration;

use super::jam::Registering;
use crate::{
    story::{Stop, failed},
    world::World,
};

/// A page that a screen reader, or a browser without scripts, cannot use.
pub async fn pages_keep_their_shape(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mut stranger = world.someone(site.door())?;
    let why = "What programs, tests and screen readers hold on to must stay where it is.";

    for path in ["/register", "/login"] {
        let page = stranger.visits(path).await.expect_page(why)?;
        page.expect_accessible()?;
        page.expect_form(path, &["name", "password"])?;
    }
    let feed = alice.visits("/").await.expect_page(why)?;
    feed.expect_accessible()?;
    feed.expect_form("/post", &["content", "tag", "form_id"])?;
    feed.expect_form("/logout", &[])?;
    feed.expect_greets(&alice.name, why)?;
    let seeded = stranger.visits("/").await.expect_page(why)?.posts().len();
    if seeded < 3 {
        return failed("the three seeded posts, each an <article>", format!("{seeded} articles"), why);
    }
    let style = stranger.visits(&feed.expect_stylesheet(why)?).await;
    let style = style.expect_page("The stylesheet that the page names is there.")?;
    style.expect_content_type("text/css", "Browsers ignore it otherwise.")?;
    stranger.visits("/health").await.expect_page("Whoever watches the server asks here.")?;
    Ok(())
}

/// A deploy cuts off whoever is in the middle of something.
pub async fn stops_gracefully(world: &mut World) -> Result<(), Stop> {
    let limit = Duration::from_secs(10);
    let site = world.site().with("SHUTDOWN_GRACE", "20s").start().await?;
    let late = world.someone(site.door())?;
    let registering = Registering::behind_a_lock(world, &site, vec![late]).await?;
    site.door().is_told_to_stop();
    let why = "SIGTERM comes with every deploy. What is under way is finished, then the process ends.";
    for seen in registering.go_on(world).await? {
        seen.expect_redirect(why)?;
    }
    let why = "A supervisor that waits in vain ends the process with SIGKILL, and everything under way with it.";
    site.door().expect_stopped(limit, why).await?;

    let site = world.site().with("SHUTDOWN_GRACE", "200ms").start().await?;
    let stuck = world.someone(site.door())?;
    let _waits_for_ever = Registering::behind_a_lock(world, &site, vec![stuck]).await?;
    site.door().is_told_to_stop();
    let why = "What is not done SHUTDOWN_GRACE after the signal is cut: one who waits for ever must not keep a deploy waiting.";
    site.door().expect_ended(limit, why).await
}
