//! What an edge must not do to a site that worked: know people, keep mistakes, fill up, stand in the way.

use hyper::{Method, StatusCode};

use crate::{
    chapters::{ch03, earlier},
    story::Stop,
    world::{World, files::CSS, http::Request, origin::Exhibit, wire::Ask},
};

/// Bob opens the front page in Tokyo, and is Alice.
pub async fn dynamic_goes_home(world: &mut World) -> Result<(), Stop> {
    let site = world.site().with("QUEUE_DEADLINE", "60s").start().await?;
    let tokyo = world.city(site.door().address()).start().await?;
    let frankfurt = world.city(site.door().address()).named("Frankfurt").start().await?;
    let mut alice = world.somebody_registered(&tokyo.edge).await?;
    let mut bob = world.somebody_registered(&tokyo.edge).await?;
    let mut stranger = world.someone(&tokyo.edge)?;
    let mut far_away = world.someone(&frankfurt.edge)?;
    let why = "A page is made for one reader at one moment. An edge hands it on, and keeps nothing of it.";

    for path in ["/", "/login", &format!("/u/{}", alice.name)] {
        for reader in [&mut alice, &mut bob] {
            let page = reader.visits(path).await.expect_page(why)?;
            page.expect_greets(&reader.name, why)?;
            page.expect_for_nobody_else(why)?;
        }
        let page = stranger.visits(path).await.expect_page(why)?;
        page.expect_stranger(why)?;
        page.expect_for_nobody_else(why)?;
    }

    let gossip = world.gossip();
    far_away.visits("/").await.expect_page(why)?.expect_no_post(&gossip, "Nobody has said it yet.")?;
    alice.publishes(&gossip).await.expect_redirect("Alice has something to tell.")?;
    for reader in [&mut alice, &mut bob, &mut stranger, &mut far_away] {
        reader.visits("/").await.expect_page(why)?.expect_post(&gossip, why)?;
    }
    tokyo.expect_not_deceived(&bob, why).await?;
    earlier::logs_out_for_good(world, &mut alice).await?;

    let origin = world.origin().await?;
    let city = world.city(origin.address()).named("São Paulo").start().await?;
    let why = "What says that it is somebody's, or is not to be kept, is not kept, wherever it lies.";
    for refusal in ["private, max-age=600", "no-store", "max-age=600, Private", "No-Store, max-age=600"] {
        city.expect_not_shared(world, &origin, Exhibit::heard("cookie").says("cache-control", refusal), why).await?;
    }
    let keeps = Exhibit::heard("cookie").keeps(600);
    city.expect_not_shared(world, &origin, keeps.clone().says("vary", "Cookie"), why).await?;
    city.expect_not_shared(world, &origin, keeps.says("vary", "*"), why).await?;
    city.expect_cookie_not_shared(world, &origin, why).await?;
    let by_password = Exhibit::heard("authorization").says("cache-control", "max-age=600");
    city.expect_not_shared(world, &origin, by_password, why).await
}

/// Twenty people wait for their front page at the same moment, and all of them are Alice.
pub async fn waiting_together_is_not_sharing(world: &mut World) -> Result<(), Stop> {
    let origin = world.origin().await?;
    let mine = || Exhibit::heard("cookie").says("cache-control", "private, no-cache").says("vary", "accept-encoding");
    origin.has("/", mine());
    origin.has("/static/mine", mine());
    let city = world.city(origin.address()).start().await?;
    let why = "Whoever waited beside somebody else has waited, and nothing more: a page that is somebody's is asked for by \
               everybody for themselves.";

    let crowd = city.crowd_asks(world, 20, "/", &origin).await?;
    origin.goes_on();
    crowd.expect_each_hears_themselves(why).await?;

    let crowd = city.crowd_asks(world, 20, "/static/mine", &origin).await?;
    origin.goes_on();
    crowd.expect_nobody_hears_another(why).await
}

/// Somebody asks for ten thousand addresses, and the edge is full.
pub async fn memory_is_bounded(world: &mut World) -> Result<(), Stop> {
    const KIB: u64 = 1024;
    const ROOM: u64 = 64 * 1024 * KIB;
    let origin = world.origin().await?;
    origin.has("/static/photo.jpg", Exhibit::big(256 * KIB).keeps(600).tagged());
    let city = world.city(origin.address()).with("EDGE_MEMORY", "8").start().await?;
    let process = city.edge.process();
    let before = process.memory_now();
    let why = "EDGE_MEMORY is all that an edge may keep. Anybody can ask for one address more.";

    city.is_asked_for_many("/static/photo.jpg", 500).await?;

    let grown = process.memory_now().saturating_sub(before);
    world.measured("MiB that the edge grew by, asked for 125", grown / KIB / KIB);
    city.expect_grown_less_than(grown, ROOM, why)?;
    let text = world.gossip();
    origin.has("/static/gossip.css", Exhibit::text(&text).keeps(600));
    city.expect(Ask::get("/static/gossip.css"), &text, "It goes on, full or not.").await
}

/// A file is missing for a second, and gone for an hour.
pub async fn errors_are_not_kept(world: &mut World) -> Result<(), Stop> {
    let origin = world.origin().await?;
    let city = world.city(origin.address()).start().await?;
    let text = world.gossip();
    let why = "An error is over when it is over. Whoever comes then gets the file.";

    for status in [403, 404, 410, 429, 500, 502, 503, 504] {
        let path = format!("/static/{status}.css");
        let status = StatusCode::from_u16(status)?;
        origin.has(&path, Exhibit::text("sorry").status(status).keeps(600));
        city.expect_status(Ask::get(&*path), status.as_u16(), "It is what the origin says.").await?;
        origin.has(&path, Exhibit::text(&text).keeps(600));
        city.expect(Ask::get(&*path), &text, why).await?;
    }

    origin.has("/static/half.css", Exhibit::half("half of a sty").keeps(600));
    city.expect_nothing_whole("/static/half.css", "Half a file that looks whole is a lie.").await?;
    origin.has("/static/half.css", Exhibit::text(&text).keeps(600));
    city.expect(Ask::get("/static/half.css"), &text, "The origin broke off in the middle. Half a file is none.")
        .await?;

    origin.has("/static/late.css", Exhibit::text(&text).keeps(600));
    city.loses_home();
    city.expect_error(Ask::get("/static/late.css"), "Nobody can be asked.").await?;
    city.finds_home()?;
    city.expect(Ask::get("/static/late.css"), &text, why).await?;

    let site = world.site().start().await?;
    let missing = site.door().asks(Ask::get("/static/nothing.css"), why).await?;
    missing.expect_status(404, "There is no such file.")?;
    missing.expect_not_kept("Tomorrow there may be such a file.")
}

/// A link from a letter, a bookmark, an old page: the name is the old one, and so is the file.
pub async fn plain_names_are_asked_about(world: &mut World) -> Result<(), Stop> {
    let mut files = world.files()?;
    let site = world.site_of(&files).start().await?;
    let city = world.city(site.door().address()).start().await?;
    let why =
        "By its plain name a file is what it is now. Nothing in the name changes when it does, so it is asked about.";

    city.edge.expect_whole(&files, CSS, None, why).await?;
    city.edge.expect_whole(&files, CSS, None, why).await?;
    files.is_deployed(world, CSS)?;
    site.door().is_restarted().await?;
    city.edge.expect_whole(&files, CSS, None, why).await
}

/// Half of the servers are new. A page of theirs, and a stylesheet of the others, for a year.
pub async fn two_versions_at_once(world: &mut World) -> Result<(), Stop> {
    let mut files = world.files()?;
    let old = files.copied(world)?;
    files.is_deployed(world, CSS)?;
    let site = world.site_of(&files).start().await?;
    let not_yet = site.is_joined_with(world, old).await?;
    let city = world.city(site.door().address()).start().await?;
    let why = "A server that has another version under that address may show it, once: it is not what the address names, and \
               nobody may keep it for that.";

    let address = city.edge.names(world).await?;
    city.moves_home_to(&not_yet);
    city.edge.asks(Ask::get(&*address), why).await?;
    city.edge.asks(Ask::get(&*address), why).await?;
    city.moves_home_to(site.door());
    city.edge.expect_now(&files, CSS, Ask::get(&*address), why).await?;
    not_yet.asks(Ask::get(&*address), why).await?.expect_not_kept(why)
}

/// The session's cookie is lost on the way, and the form comes from another site.
pub async fn requests_pass_unchanged(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(1).behind_an_edge().start().await?;
    ch03::passes_unchanged(world, &fleet).await?;
    let why = "The origin may have done it before it fell silent. Whoever asks again asks for a second one.";
    fleet.newcomers(3).await?;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        fleet.expect_sent_once(method, Some("gossip"), why).await?;
    }
    fleet.expect_broken_off_once(why).await
}

/// A film passes, and the edge keeps it.
pub async fn large_bodies_stream(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(1).behind_an_edge().start().await?;
    ch03::streams_large_bodies(world, &fleet).await?;
    ch03::flows_piece_by_piece(&fleet).await
}

/// A new pattern quietly breaks an old promise.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.site().apps(2).balancer().redis();
    let site = site.with("CACHE_TIMEOUT", "5s").with("QUEUE_DEADLINE", "60s").start().await?;
    let city = world.city(site.door().address()).start().await?;
    earlier::hold_at(world, &city.edge).await?;
    let mut reader = world.someone(&city.edge)?;
    let tag = reader.does("somebody opens a tag", &Request::get("/tag/gossip")).await;
    tag.expect_page("Tags are for everybody.")?;
    Ok(())
}
