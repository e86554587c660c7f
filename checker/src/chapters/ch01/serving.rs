//! The process and its pages: what others hold on to, and an end that cuts nobody off.

use std::time::{Duration, Instant};

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
    let site = world.site().with("SHUTDOWN_GRACE", "20s").start().await?;
    let (began, idle) = (Instant::now(), site.door().process().work());
    world.somebody_registered(site.door()).await?;
    let (usual, busy) = (began.elapsed(), site.door().process().work());
    let mut late = world.someone(site.door())?;

    world.note("the database is busy: somebody else holds its write lock");
    let lock = site.database.lock_writes().await?;
    let under_way = tokio::spawn(async move { late.registers().await });
    // Half of what it takes to hash a password: the request is in its handler, and cannot end while the lock is held.
    let cost = busy.zip(idle).map_or(usual, |(busy, idle)| busy.saturating_sub(idle)) / 2;
    world.until_it_works(site.door(), busy, cost, Duration::from_secs(1) + usual * 10).await;
    site.door().is_told_to_stop();
    world.note("the write lock is free");
    lock.release().await?;

    let seen = under_way.await?;
    seen.expect_redirect("SIGTERM comes with every deploy. What is under way is finished, then the process ends.")?;
    let why = "A supervisor that waits in vain ends the process with SIGKILL, and everything under way with it.";
    site.door().expect_stopped(Duration::from_secs(10), why).await
}
