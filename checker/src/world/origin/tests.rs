//! The origin held to what scenarios take for granted.

use std::time::Duration;

use hyper::{Method, StatusCode};

use super::{Exhibit, Origin};
use crate::world::{
    timeline::Timeline,
    wire::{Ask, Letter, Wire},
};

async fn hears(origin: &Origin, ask: Ask) -> Letter {
    let mut wire = Wire::open("the origin", origin.address(), &Timeline::start()).await.expect("it takes connections");
    wire.hears(ask).await.expect("it answers")
}

async fn origin() -> Origin {
    Origin::open(Timeline::start()).await.expect("there is a port")
}

#[tokio::test]
async fn it_has_what_it_was_given() {
    let origin = origin().await;
    origin.has("/static/a", Exhibit::addressed("text").keeps(60).tagged());
    let letter = hears(&origin, Ask::get("/static/a?1").with("host", "gossip.example")).await;
    assert_eq!((letter.status, &letter.body[..]), (StatusCode::OK, &b"gossip.example /static/a?1: text"[..]));
    assert_eq!(letter.header("cache-control"), Some("public, max-age=60"));

    let tag = letter.header("etag").expect("it is tagged").to_owned();
    let known = hears(&origin, Ask::get("/static/a").with("if-none-match", &tag)).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    origin.has("/static/a", Exhibit::text("sorry").status(StatusCode::BAD_GATEWAY));
    assert_eq!(hears(&origin, Ask::get("/static/a")).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(hears(&origin, Ask::get("/static/b")).await.status, StatusCode::NOT_FOUND);
    assert_eq!((origin.asked("/static/a"), origin.asked("/static/a?1"), origin.asked("/")), (3, 1, 4));
}

#[tokio::test]
async fn it_tells_parts_heads_and_what_it_heard() {
    let origin = origin().await;
    origin.has("/a", Exhibit::text("0123456789"));
    let part = hears(&origin, Ask::get("/a").with("range", "bytes=2-4")).await;
    assert_eq!((part.status, &part.body[..]), (StatusCode::PARTIAL_CONTENT, &b"234"[..]));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let head = hears(&origin, Ask::new(Method::HEAD, "/a")).await;
    assert_eq!((head.header("content-length"), head.body.len()), (Some("10"), 0));

    origin.has("/mirror", Exhibit::mirror());
    let all = hears(&origin, Ask::new(Method::POST, "/mirror?x").with("x-word", "said").body("written")).await;
    let all = String::from_utf8_lossy(&all.body).into_owned();
    assert!(all.contains("POST /mirror?x") && all.contains("x-word: said") && all.contains("written"), "{all}");
}

#[tokio::test]
async fn it_keeps_one_address_waiting() {
    let origin = origin().await;
    origin.has("/a", Exhibit::text("a"));
    origin.keeps_waiting("/a");
    let waiting = hears(&origin, Ask::get("/a?1"));
    let others = async {
        assert!(origin.is_asked("/a", 1, Duration::from_secs(10)).await);
        assert_eq!(hears(&origin, Ask::get("/b")).await.status, StatusCode::NOT_FOUND);
        origin.goes_on();
    };
    let (letter, ()) = tokio::join!(waiting, others);
    assert_eq!(letter.body, "a");
}
