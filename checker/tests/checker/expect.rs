//! What a reader expects of a page, and the words in which it is missed.

use std::{fmt::Debug, sync::Arc, time::Duration};

use checker::{
    story::Stop,
    world::{
        html::Html,
        page::{Page, Seen},
    },
};
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue},
};

const FEED: &str = r#"<title>Feed</title><a id="me">alice</a>
    <form action="/post" method="post"><textarea name="content">
half a gossip</textarea></form>
    <article><p>bob whispered</p> <p>two</p></article>
    <article><p>alice whispered</p> <p>one &lt;b id="m1"&gt;bold&lt;/b&gt;</p></article>"#;

fn page(status: u16, body: &str) -> Page {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
    Page {
        status: StatusCode::from_u16(status).expect("it is a status"),
        headers,
        body: body.to_owned(),
        html: Html::parse(body),
        took: Duration::ZERO,
    }
}

fn seen(status: u16, body: &str) -> Seen {
    Seen::Answered(Arc::new(page(status, body)))
}

#[track_caller]
fn misses(result: Result<impl Debug, Stop>, expected: &str, saw: &str) {
    match result {
        Err(Stop::Failed(failure)) => {
            assert_eq!(
                (failure.expected.as_str(), failure.saw.as_str(), failure.why.as_str()),
                (expected, saw, "Why.")
            );
        }
        other => panic!("a reader misses something, and not {other:?}"),
    }
}

#[test]
fn order_and_authors() {
    let feed = page(200, FEED);
    let (one, two) = ("one <b id=\"m1\">bold</b>".to_owned(), "two".to_owned());
    assert!(feed.expect_newest_first(&[&two, &one]).is_ok());
    match feed.expect_newest_first(&[&one, &two]) {
        Err(Stop::Failed(failure)) => assert_eq!(failure.saw, "it stands above a newer one"),
        other => panic!("{other:?}"),
    }
    assert!(feed.expect_post_by("bob", "two", "Why.").is_ok());
    misses(feed.expect_post_by("alice", "two", "Why."), "“two” is by alice", "the page says “bob whispered two”");
    misses(feed.expect_post("three", "Why."), "the page has “three”", "2 posts, none of them that one");
}

#[test]
fn counts_of_posts() {
    let feed = page(200, FEED);
    assert!(feed.expect_times("two", 1, "Why.").is_ok() && feed.expect_no_post("three", "Why.").is_ok());
    misses(feed.expect_no_post("two", "Why."), "“two” is not on the page", "it is there");
    misses(feed.expect_times("whispered", 1, "Why."), "“whispered” is on the page 1×", "it is there 2×");
    misses(feed.expect_times("three", 1, "Why."), "“three” is on the page 1×", "it is not there");
    assert!(feed.expect_at_most(2, "Why.").is_ok());
    misses(feed.expect_at_most(1, "Why."), "at most 1 posts", "2 posts");
}

#[test]
fn text_that_stayed_text_and_text_that_did_not() {
    assert!(page(200, FEED).expect_harmless("m1").is_ok());
    let eaten = page(200, &FEED.replace("&lt;", "<").replace("&gt;", ">"));
    match eaten.expect_harmless("m1") {
        Err(Stop::Failed(failure)) => assert_eq!(failure.saw, "it became a <b> element of the page"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_form_that_still_holds_what_was_typed() {
    let feed = page(422, FEED);
    assert!(feed.expect_still_typed("half a gossip", "Why.").is_ok());
    let expected = "the form again, with “a whole one” still in it";
    misses(feed.expect_still_typed("a whole one", "Why."), expected, "it holds “half a gossip”");
    misses(
        page(422, &FEED.replace("half a gossip", "")).expect_still_typed("a whole one", "Why."),
        expected,
        "an empty form",
    );
    misses(page(422, "").expect_still_typed("a whole one", "Why."), expected, "no form with a field \"content\"");
}

#[test]
fn who_is_greeted() {
    let (feed, stranger) = (page(200, FEED), page(200, ""));
    assert!(feed.expect_greets("alice", "Why.").is_ok() && stranger.expect_stranger("Why.").is_ok());
    let expected = "the page greets bob (the element with id \"me\")";
    misses(feed.expect_greets("bob", "Why."), expected, "it greets alice");
    misses(stranger.expect_greets("bob", "Why."), expected, "a stranger's page: it greets nobody");
    misses(feed.expect_stranger("Why."), "a stranger's page: it greets nobody", "it greets alice");
    assert!(feed.expect_does_not_greet("bob", "Why.").is_ok());
    misses(feed.expect_does_not_greet("alice", "Why."), "a page for somebody else", "it greets alice");
}

#[test]
fn while_something_is_broken_an_error_is_fine_and_a_stranger_is_not() {
    assert!(seen(503, "").expect_error_or_known("alice", "Why.").is_ok());
    assert!(seen(200, FEED).expect_error_or_known("alice", "Why.").is_ok());
    misses(
        seen(200, FEED).expect_error_or_known("bob", "Why."),
        "5xx, or a page that greets bob",
        "200, greets alice, 2 posts",
    );
    let refused = Seen::Refused("connection refused".to_owned());
    misses(refused.expect_error_or_known("alice", "Why."), "an answer", "refused: connection refused");
}

#[test]
fn answers_by_their_status() {
    assert!(seen(302, "").expect_redirect("Why.").is_err(), "it says to nowhere");
    misses(seen(500, "").expect_page("Why."), "200", "500, greets nobody");
    misses(seen(200, "").expect_redirect("Why."), "303, to the page that comes next", "200, greets nobody");
    let mut there = page(303, "");
    there.headers.insert("location", HeaderValue::from_static("http://127.0.0.1:8000/login?next=%2F"));
    let there = Seen::Answered(Arc::new(there));
    assert!(there.expect_redirect_to("/login?next=%2F", "Why.").is_ok(), "an absolute one is as good");
    misses(there.expect_redirect_to("/", "Why."), "303 to /", "303 to http://127.0.0.1:8000/login?next=%2F");
    let unsure = Seen::Unsure("connection reset by peer".to_owned());
    misses(unsure.expect_status(200, "Why."), "an answer", "no answer: connection reset by peer");
}
