//! The pages of 2004 as their readers hold on to them: headings, labels, names of fields, links. Later chapters keep them.

use std::sync::Arc;

use checker::{
    program::Program,
    run::{Options, Run},
    story::Stop,
    workshop,
    world::{World, http::Browser, page::Page},
};
use insta::assert_snapshot;

#[tokio::test(flavor = "multi_thread")]
async fn pages_keep_their_outline() {
    let program = workshop::target().expect("tests run from a target folder").join("debug/solution01-monolith");
    assert!(program.is_file(), "solution01-monolith is not built; cargo xtask test builds it");
    let run = Run::start(Program::binary(&program, "solution"), &Options::default()).expect("a run can be started");
    let mut world = World::new(run.context().clone(), "pages", 7).expect("its folder can be made");
    looked_at(&mut world).await.expect("the solution serves");
    world.close().await.expect("it can be ended");
    drop(world);
    run.finish().expect("nothing is in the way");
}

async fn looked_at(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut stranger = world.someone(site.door())?;
    for (path, status, name) in [
        ("/", 200, "feed"),
        ("/login", 200, "login"),
        ("/register", 200, "register"),
        ("/nowhere", 404, "not_found"),
        ("/u/nobody", 404, "nobodys_profile"),
    ] {
        outlined(name, &*page(&mut stranger, path, status).await?);
    }
    let refused = stranger.fills_in("logs in", "/login", "/login", &[("name", "nobody"), ("password", "wrong")]).await;
    outlined("login_refused", &*refused.expect_status(422, "nobody has that name")?);

    let mut alice = world.somebody_registered(site.door()).await?;
    alice.publishes("Hope said no.").await.expect_redirect("a gossip is published")?;
    let name = alice.name.clone();
    let named = |page: &Page| page.html.outline().replace(&name, "[ALICE]");
    assert_snapshot!("feed_logged_in", named(&*page(&mut alice, "/", 200).await?));
    assert_snapshot!("profile", named(&*page(&mut alice, &format!("/u/{name}"), 200).await?));
    let refused = alice.publishes(" ").await;
    assert_snapshot!("publish_refused", named(&*refused.expect_status(422, "an empty gossip is none")?));

    // A form of another site: the page of an error.
    alice.comes_from("https://evil.example");
    let refused = alice.publishes("Not hers.").await;
    assert_snapshot!("foreign_form", named(&*refused.expect_status(403, "it comes from elsewhere")?));
    Ok(())
}

async fn page(browser: &mut Browser, path: &str, status: u16) -> Result<Arc<Page>, Stop> {
    browser.visits(path).await.expect_status(status, "the page is there")
}

#[track_caller]
fn outlined(name: &str, page: &Page) {
    assert_snapshot!(name, page.html.outline());
}
