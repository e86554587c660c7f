//! What production asks of an edge beyond that.

use std::time::Duration;

use crate::{
    story::Stop,
    world::{World, origin::Exhibit, wire::Ask},
};

/// Singapore is dark, and so is the stylesheet in Tokyo.
pub async fn origin_down_static_up(world: &mut World) -> Result<(), Stop> {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let files = world.files()?;
    let site = world.site_of(&files).start().await?;
    let cities = world.cities(site.door().address()).await?;
    let mut people = world.a_reader_each(&cities)?;
    let first = people.open(&cities).await?;
    let why = "It is in every city already. Who made it is not needed any more.";
    site.door().is_killed().await?;
    first.expect_still_there(&cities, &files, why).await?;

    let origin = world.origin().await?;
    let text = world.gossip();
    let helps = "public, max-age=1, stale-if-error=600";
    origin.has("/static/old.css", Exhibit::text(&text).says("cache-control", helps).tagged());
    origin.has("/static/strict.css", Exhibit::text(&text).says("cache-control", "max-age=1, must-revalidate").tagged());
    let city = world.city(origin.address()).named("São Paulo").with("ORIGIN_TIMEOUT", "300ms").start().await?;
    let why = "Its lifetime is over, and nobody can say what came after it: stale-if-error (RFC 5861) says that the old one \
               is better than none.";
    city.expect(Ask::get("/static/old.css"), &text, "The origin answers.").await?;
    city.expect(Ask::get("/static/strict.css"), &text, "The origin answers.").await?;
    world.time_passes(Duration::from_millis(2_100)).await;

    city.loses_home();
    city.expect(Ask::get("/static/old.css"), &text, why).await?;
    city.expect_error(Ask::get("/static/strict.css"), "must-revalidate says that the old one is worse than none.")
        .await?;
    city.finds_home()?;
    city.hears_nothing_from_home();
    city.expect_within(world, Ask::get("/static/old.css"), &text, TIMEOUT, why).await?;
    city.finds_home()?;
    origin.has("/static/old.css", Exhibit::text("sorry").status(hyper::StatusCode::SERVICE_UNAVAILABLE));
    city.expect(Ask::get("/static/old.css"), &text, why).await?;
    let new = world.gossip();
    origin.has("/static/old.css", Exhibit::text(&new).keeps(600).tagged());
    city.expect(Ask::get("/static/old.css"), &new, "The origin is back, and has a new one.").await
}

/// A copy is an hour old, and says that it is new.
pub async fn age_is_told(world: &mut World) -> Result<(), Stop> {
    let origin = world.origin().await?;
    let (text, new) = (world.gossip(), world.gossip());
    origin.has("/static/young.css", Exhibit::text(&text).keeps(600));
    origin.has("/static/kept.css", Exhibit::text(&text).keeps(600).says("age", "100"));
    origin.has("/static/over.css", Exhibit::text(&text).keeps(60).says("age", "61"));
    let city = world.city(origin.address()).start().await?;
    let why = "Whoever keeps it next counts its lifetime from when it was made, and Age says when that was.";

    for path in ["/static/young.css", "/static/kept.css", "/static/over.css"] {
        city.expect(Ask::get(path), &text, why).await?;
        origin.has(path, Exhibit::text(&new).keeps(600));
    }
    world.time_passes(Duration::from_millis(1_100)).await;
    city.expect_age("/static/young.css", &text, 1, why).await?;
    city.expect_age("/static/kept.css", &text, 101, why).await?;
    city.expect(Ask::get("/static/over.css"), &new, "It was over when it came: somebody else had kept it before.").await
}

/// The one who asked for everybody closes the tab, and everybody waits.
pub async fn first_one_leaves(world: &mut World) -> Result<(), Stop> {
    const PATH: &str = "/static/gossip.css";
    let origin = world.origin().await?;
    let text = world.gossip();
    origin.has(PATH, Exhibit::text(&text).keeps(600));
    let city = world.city(origin.address()).start().await?;
    let why = "Nobody's answer may hang on whether somebody else is still there.";

    let first = city.asks_and_waits(PATH, &origin).await?;
    let crowd = city.crowd_asks(world, 20, PATH, &origin).await?;
    first.hangs_up();
    origin.goes_on();
    crowd.expect_all_hear(&text, why).await
}

/// Turkish pushes out English, and English pushes out Turkish.
pub async fn each_language_is_kept(world: &mut World) -> Result<(), Stop> {
    const PATH: &str = "/static/hello";
    let origin = world.origin().await?;
    origin.has(PATH, Exhibit::heard("accept-language").says("vary", "accept-language").keeps(600));
    let city = world.city(origin.address()).start().await?;
    let why = "One address may have several answers. Each of them is kept, beside the others.";

    for language in ["tr", "en", "tr", "en", "tr"] {
        let ask = Ask::get(PATH).with("accept-language", language);
        city.expect(ask, &format!("accept-language: {language}"), why).await?;
    }
    origin.expect_asked(PATH, 2, "once for each language", why)
}
