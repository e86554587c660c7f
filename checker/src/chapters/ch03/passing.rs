//! What passes the balancer, and how: unchanged, piece by piece, without a stop in its memory.

use hyper::Method;

use crate::{
    story::Stop,
    world::{
        World,
        fleet::Fleet,
        upstream::{NO_ASCII, blocks},
        wire::Ask,
    },
};

const MIB: u64 = 1024 * 1024;

/// The session's cookie is lost on the way, the form comes from another site, and the logs know one reader only.
pub async fn requests_pass_unchanged(world: &mut World) -> Result<(), Stop> {
    // Nobody asks how the servers are in between: a 500 tells about a page, and nothing about its server.
    let fleet = world.fleet(2).with("HEALTH_EVERY", "10m").start().await?;
    passes_unchanged(world, &fleet).await
}

/// Whatever stands in between, both ends hear what was said.
pub async fn passes_unchanged(world: &mut World, fleet: &Fleet) -> Result<(), Stop> {
    let gossip = world.gossip();

    // Methods are a list that grows: REPORT is WebDAV's (RFC 3253).
    let report = Method::from_bytes(b"REPORT")?;
    for method in [Method::GET, Method::DELETE, Method::OPTIONS, report.clone()] {
        fleet.expect_method_passes(method, "").await?;
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, report] {
        fleet.expect_method_passes(method, gossip.clone()).await?;
    }
    fleet.expect_method_passes(Method::POST, (0..=255).cycle().take(100_000).collect::<Vec<u8>>()).await?;

    let target = "/echo/a%2Fb//c/./d?x=%20+&x=2&empty=&flag";
    let ends = "A header that is for the other end arrives there, as often as it was said.";
    let hop = "What is between two neighbours (RFC 9110, 7.6.1) stays there.";
    let from =
        "The next server sees the address of whoever passed it on; the reader's is what that one adds to the list.";
    let ask = Ask::new(Method::PUT, target)
        .with("host", "gossip.example")
        .with("cookie", "session=1; theme=dark")
        .with("x-twice", "one")
        .with("x-twice", "two")
        .with("x-no-ascii", NO_ASCII)
        .with("accept-language", "tr, en;q=0.5")
        .with("x-forwarded-for", "203.0.113.7, 198.51.100.2")
        .with("connection", "keep-alive, X-Mine")
        .with("x-mine", "1")
        .with("keep-alive", "timeout=9")
        .with("te", "trailers")
        .with("proxy-authorization", "Basic eDp5")
        .with("proxy-connection", "keep-alive")
        .with("upgrade", "h2c")
        .body(gossip.clone());
    let echo = fleet.echo(ask).await?;
    echo.expect("method", "PUT")?;
    echo.expect("uri", target)?;
    echo.expect_body(gossip.as_bytes())?;
    echo.expect_header(
        "host",
        &["gossip.example"],
        "A server that hears another Host takes its own forms for foreign ones.",
    )?;
    echo.expect_header("cookie", &["session=1; theme=dark"], ends)?;
    echo.expect_header("x-twice", &["one", "two"], ends)?;
    let opaque =
        "A header's value is bytes, and not always text (RFC 9110, 5.5). Whose bytes they are knows what they mean.";
    echo.expect_header("x-no-ascii", &["caf\\xe9"], opaque)?;
    echo.expect_header("accept-language", &["tr", "en;q=0.5"], ends)?;
    echo.expect_header("x-forwarded-for", &["203.0.113.7", "198.51.100.2", "127.0.0.1"], from)?;
    echo.expect_header("x-mine", &[], "Connection names it, so it is between two neighbours, and stays there.")?;
    for name in ["keep-alive", "te", "proxy-authorization", "proxy-connection", "upgrade"] {
        echo.expect_header(name, &[], hop)?;
    }
    fleet.echo(Ask::get("/echo")).await?.expect_header("x-forwarded-for", &["127.0.0.1"], from)?;

    let letter = fleet.ask(Ask::get("/headers"), ends).await?;
    fleet.expect_answer_header(&letter, "set-cookie", &["first=1; Path=/", "second=2; Path=/"], ends)?;
    fleet.expect_answer_header(&letter, "x-end-to-end", &["stays"], ends)?;
    fleet.expect_answer_header(&letter, "x-no-ascii", &["caf\\xe9"], opaque)?;
    fleet.expect_answer_header(&letter, "x-this-hop", &[], hop)?;
    fleet.expect_answer_header(&letter, "keep-alive", &[], hop)?;
    for status in [200, 201, 204, 301, 303, 304, 404, 422, 500, 502, 503] {
        fleet.expect_status_passes(status).await?;
    }
    fleet.expect_head_passes().await
}

/// Somebody uploads a film, somebody else downloads one and looks at its first minute for an hour.
pub async fn large_bodies_stream(world: &mut World) -> Result<(), Stop> {
    let fleet = world.fleet(1).start().await?;
    streams_large_bodies(world, &fleet).await
}

/// A body passes as it comes, in both directions, and does not stop in between.
pub async fn streams_large_bodies(world: &mut World, fleet: &Fleet) -> Result<(), Stop> {
    const SIZE: u64 = 100 * MIB;
    const ROOM: u64 = 64 * MIB;
    let process = fleet.balancer().process();
    let before = process.memory_now();
    let why = "Bodies pass. Whoever keeps them on the way is full after a few, however large the memory is.";

    let mut slow_reader = fleet.connect().await?;
    let download = fleet.download_begins(&mut slow_reader, SIZE).await?;
    fleet.expect_grown_less_than(before, ROOM, why)?;

    let ask = Ask::new(Method::POST, "/sink").chunks(futures_util::stream::iter(blocks(SIZE)));
    let upload = fleet.ask(ask, why).await?;
    fleet.expect_grown_less_than(before, ROOM, why)?;
    fleet.expect_all_arrived(&upload, SIZE)?;

    download.expect_rest(SIZE).await?;
    let grown = fleet.expect_grown_less_than(before, ROOM, why)?;
    world.measured(&format!("MiB that {} grew by", fleet.balancer().name()), grown / MIB);
    Ok(())
}

/// The page comes in pieces as they are ready, and the reader sees all of them when the last one is.
pub async fn slow_answers_flow(world: &mut World) -> Result<(), Stop> {
    flows_piece_by_piece(&world.fleet(1).start().await?).await
}

/// A piece that is ready arrives, whenever the next one is.
pub async fn flows_piece_by_piece(fleet: &Fleet) -> Result<(), Stop> {
    let mut wire = fleet.connect().await?;

    let mut answer = fleet.long_answer(&mut wire).await?;
    for _ in 0..5 {
        answer.expect_next_piece().await?;
    }
    answer.expect_end().await
}
