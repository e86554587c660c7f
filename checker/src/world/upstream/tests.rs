//! Each path of an upstream, and each verb.

mod faults;

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode, body::Bytes};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use super::{Digest, State, Upstream, big_digest, blocks};
use crate::world::timeline::Timeline;
use crate::world::wire::{Ask, Letter, Silence, Wire};

/// Long enough for a busy machine; reached only by a test that fails.
const LIMIT: Duration = Duration::from_secs(20);

fn upstream(workers: usize) -> Upstream {
    Upstream::start("server 1", workers).unwrap()
}

async fn wire(upstream: &Upstream) -> Wire {
    Wire::try_open("server 1", upstream.address(), &Timeline::start()).await.unwrap()
}

async fn hears(upstream: &Upstream, ask: Ask) -> Letter {
    wire(upstream).await.hears(ask).await.unwrap()
}

async fn gets(upstream: &Upstream, path: &str) -> Letter {
    hears(upstream, Ask::get(path)).await
}

/// Asks over a connection of its own, which lives until the answer is there.
async fn asking(upstream: &Upstream, path: &str) -> JoinHandle<Result<Letter, Silence>> {
    let mut wire = wire(upstream).await;
    let ask = Ask::get(path);
    tokio::spawn(async move { wire.hears(ask).await })
}

/// Waits for something that no verb waits for.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            yield_now().await;
        }
    };
    timeout(LIMIT, waiting).await.unwrap();
}

fn text(letter: &Letter) -> &str {
    str::from_utf8(&letter.body).unwrap()
}

#[tokio::test]
async fn probes_are_outside_the_log() {
    let upstream = upstream(1);
    assert_eq!(gets(&upstream, "/health").await.status, StatusCode::OK);
    upstream.set_health(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(gets(&upstream, "/health").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((upstream.probes(), upstream.arrivals().len()), (2, 0));

    // While every worker is kept, too.
    let slow = asking(&upstream, "/slow").await;
    upstream.wait_in_flight(1, LIMIT).await.unwrap();
    upstream.set_health(StatusCode::OK);
    assert_eq!(gets(&upstream, "/health").await.status, StatusCode::OK);
    assert_eq!(upstream.in_flight(), 1);
    upstream.release_slow();
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn probes_can_be_waited_for_and_hang() {
    let upstream = upstream(1);
    upstream.health_hangs();
    let probe = asking(&upstream, "/health").await;
    until(|| upstream.probes() == 1).await;
    assert_eq!(gets(&upstream, "/light").await.status, StatusCode::OK, "only the probes hang");
    assert!(!probe.is_finished());
    upstream.set_health(StatusCode::OK);
    assert_eq!(probe.await.unwrap().unwrap().status, StatusCode::OK);

    assert!(upstream.wait_probes(1, Duration::from_millis(1)).await.is_err());
    let (waited, ()) = tokio::join!(upstream.wait_probes(2, LIMIT), async {
        gets(&upstream, "/health").await;
        gets(&upstream, "/health").await;
    });
    waited.unwrap();
}

#[tokio::test]
async fn slow_ones_keep_workers_until_released() {
    let upstream = upstream(2);
    let first = asking(&upstream, "/slow/1").await;
    timeout(LIMIT, upstream.wait_visit("/slow/1")).await.unwrap();
    let second = asking(&upstream, "/slow/2").await;
    upstream.wait_in_flight(2, LIMIT).await.unwrap();
    assert_eq!((upstream.workers(), upstream.keeps_quick_ones_waiting()), (2, false));
    let quick = asking(&upstream, "/light").await;
    until(|| upstream.keeps_quick_ones_waiting()).await;
    assert_eq!((upstream.in_flight_of("/slow"), upstream.in_flight_of("/light")), (2, 1));

    assert!(upstream.release_one());
    assert_eq!(text(&first.await.unwrap().unwrap()), "slow, from server 1\n");
    assert_eq!(text(&quick.await.unwrap().unwrap()), "light, from server 1\n");
    assert!(!second.is_finished());
    assert_eq!(upstream.release_slow(), 1);
    second.await.unwrap().unwrap();
    assert_eq!((upstream.served("/slow"), upstream.served("/light"), upstream.served("/")), (2, 1, 3));
    assert_eq!((upstream.release_slow(), upstream.release_one()), (0, false));
}

#[tokio::test]
async fn slow_ones_in_line_are_released_too_and_those_who_left_are_not_counted() {
    let upstream = upstream(1);
    let left = asking(&upstream, "/slow/left").await;
    timeout(LIMIT, upstream.wait_visit("/slow/left")).await.unwrap();
    left.abort();
    upstream.wait_in_flight(0, LIMIT).await.unwrap();
    let slow = [asking(&upstream, "/slow/1").await, asking(&upstream, "/slow/2").await];
    upstream.wait_in_flight(2, LIMIT).await.unwrap();
    assert_eq!(upstream.release_slow(), 2);
    for one in slow {
        one.await.unwrap().unwrap();
    }
    let states: Vec<_> = upstream.arrivals().iter().map(|arrival| matches!(arrival.state, State::Served(_))).collect();
    assert_eq!(states, [false, true, true]);
}

#[tokio::test]
async fn quick_ones_take_as_long_as_they_are_told() {
    let upstream = upstream(1);
    upstream.light_takes(Duration::from_millis(30));
    let began = Instant::now();
    gets(&upstream, "/light/1").await;
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn echo_says_what_came() {
    let upstream = upstream(1);
    let ask = Ask::new(Method::PUT, "/echo/a%2Fb?x=1").with("x-twice", "1").with("x-twice", "2").body("gossip");
    let told = hears(&upstream, ask).await.json().unwrap();
    assert_eq!(told["method"], "PUT");
    assert_eq!(told["uri"], "/echo/a%2Fb?x=1");
    assert_eq!((&told["body"], &told["length"]), (&"gossip".into(), &6.into()));
    assert_eq!(told["digest"], Digest::of(b"gossip"));
    assert_eq!((&told["served_by"], &told["version"]), (&"server 1".into(), &"HTTP/1.1".into()));
    let headers = told["headers"].as_array().unwrap();
    let twice: Vec<_> = headers.iter().filter(|pair| pair[0] == "x-twice").map(|pair| &pair[1]).collect();
    assert_eq!(twice, ["1", "2"]);

    let large = Bytes::from(vec![b'x'; 70_000]);
    let told = hears(&upstream, Ask::new(Method::POST, "/echo").body(large.clone())).await.json().unwrap();
    assert_eq!((&told["length"], &told["body"]), (&70_000.into(), &serde_json::Value::Null));
    assert_eq!(told["digest"], Digest::of(&large));
}

#[tokio::test]
async fn statuses_are_as_asked() {
    let upstream = upstream(1);
    for status in [200, 201, 404, 418, 500, 503] {
        let letter = gets(&upstream, &format!("/status/{status}")).await;
        assert_eq!((letter.status.as_u16(), text(&letter)), (status, format!("{status}\n").as_str()));
    }
    assert_eq!(gets(&upstream, "/status/303").await.header("location"), Some("/light"));
    for empty in [204, 304] {
        assert!(gets(&upstream, &format!("/status/{empty}")).await.body.is_empty());
    }
    assert_eq!(gets(&upstream, "/nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(gets(&upstream, "/nowhere").await.header("x-served-by"), Some("server 1"));
}

#[tokio::test]
async fn headers_are_repeated_and_hop_by_hop() {
    let letter = gets(&upstream(1), "/headers").await;
    assert_eq!(letter.all("set-cookie"), ["first=1; Path=/", "second=2; Path=/"]);
    assert_eq!(letter.header("x-end-to-end"), Some("stays"));
    assert_eq!(
        (letter.header("connection"), letter.header("x-this-hop")),
        (Some("x-this-hop, keep-alive"), Some("goes"))
    );
    assert_eq!(letter.header("keep-alive"), Some("timeout=5"));
}

#[tokio::test]
async fn streams_come_chunk_by_chunk() {
    let upstream = upstream(1);
    let mut wire = wire(&upstream).await;
    let mut answer = wire.asks(Ask::get("/stream")).await.unwrap();
    for number in 1..=3 {
        upstream.next_chunk();
        assert_eq!(answer.piece().await.unwrap().unwrap(), format!("chunk {number}\n"));
    }
    assert_eq!(upstream.in_flight(), 1);
    upstream.end_streams();
    assert_eq!(answer.piece().await.unwrap(), None);
    upstream.wait_in_flight(0, LIMIT).await.unwrap();
    assert_eq!(upstream.served("/stream"), 1);

    let two = asking(&upstream, "/stream/2").await;
    upstream.wait_in_flight(1, LIMIT).await.unwrap();
    upstream.next_chunk();
    upstream.next_chunk();
    assert_eq!(text(&two.await.unwrap().unwrap()), "chunk 1\nchunk 2\n");
}

#[tokio::test]
async fn big_bodies_come_and_go() {
    const LENGTH: u64 = 300_000;
    let upstream = upstream(1);
    let mut wire = wire(&upstream).await;
    let answer = wire.asks(Ask::get(format!("/big/{LENGTH}"))).await.unwrap();
    assert_eq!(answer.measured().await.unwrap(), (LENGTH, big_digest(LENGTH)));

    let ask = Ask::new(Method::POST, "/sink").chunks(futures_util::stream::iter(blocks(LENGTH)));
    let told = wire.hears(ask).await.unwrap().json().unwrap();
    assert_eq!((&told["length"], &told["digest"]), (&LENGTH.into(), &big_digest(LENGTH).into()));
    assert_eq!(upstream.sunk(), LENGTH);
    upstream.wait_sunk(LENGTH, LIMIT).await.unwrap();
    assert!(upstream.wait_sunk(LENGTH + 1, Duration::from_millis(1)).await.is_err());
}

#[tokio::test]
async fn uploads_are_counted_as_they_come() {
    let upstream = upstream(1);
    let (ask, upload) = Ask::new(Method::POST, "/sink").upload();
    let mut wire = wire(&upstream).await;
    let sending = tokio::spawn(async move { wire.hears(ask).await });
    assert!(upload.send("half").await);
    upstream.wait_sunk(4, LIMIT).await.unwrap();
    assert!(upload.send("way").await);
    drop(upload);
    assert_eq!(sending.await.unwrap().unwrap().json().unwrap()["length"], 7);
}

#[tokio::test]
async fn waiting_needs_no_worker() {
    let upstream = upstream(0);
    let began = Instant::now();
    assert_eq!(text(&gets(&upstream, "/wait/20").await), "after 20 ms\n");
    assert!(began.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn some_requests_are_never_answered() {
    let upstream = upstream(1);
    assert_eq!(wire(&upstream).await.hears(Ask::get("/close")).await.unwrap_err().0, "the connection broke");
    let mut dying = wire(&upstream).await;
    let mut answer = dying.asks(Ask::get("/die_after_head")).await.unwrap();
    assert_eq!(answer.piece().await.unwrap().unwrap(), "ten bytes\n");
    assert!(answer.piece().await.is_err());

    let hanging = asking(&upstream, "/hang").await;
    upstream.wait_in_flight(1, LIMIT).await.unwrap();
    hanging.abort();
    upstream.wait_in_flight(0, LIMIT).await.unwrap();
    assert_eq!(upstream.served("/"), 0);
    assert_eq!(upstream.arrivals().len(), 3);
}

#[tokio::test]
async fn arrivals_are_told_with_their_queries() {
    let upstream = upstream(1);
    gets(&upstream, "/light?a=1").await;
    hears(&upstream, Ask::new(Method::POST, "/echo/2").body("x")).await;
    let told: Vec<_> = upstream.arrivals().into_iter().map(|arrival| (arrival.method, arrival.path)).collect();
    assert_eq!(told, [("GET".into(), "/light?a=1".into()), ("POST".into(), "/echo/2".into())]);
    assert!(upstream.wait_in_flight(1, Duration::from_millis(1)).await.is_err());
}
