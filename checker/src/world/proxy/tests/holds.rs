//! What is held back, and what comes of it when it is let go.

use super::*;

#[tokio::test]
async fn holds_and_releases_each_direction() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    says(&mut alice, "before").await;
    hears(&mut alice, "before").await;
    for direction in [link.requests(), link.replies()] {
        let passed = direction.bytes();
        direction.hold();
        says(&mut alice, "gossip").await;
        direction.held(LIMIT).await.unwrap();
        hears_nothing(&mut alice).await;
        assert_eq!(direction.bytes(), passed);

        direction.release();
        hears(&mut alice, "gossip").await;
    }
}

#[tokio::test]
async fn an_end_is_held_too() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    link.requests().hold();
    alice.shutdown().await.unwrap();
    link.requests().held(LIMIT).await.unwrap();
    hears_nothing(&mut alice).await;

    link.requests().release();
    assert_eq!(timeout(LIMIT, alice.read(&mut [0; 1])).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn held_says_that_nothing_was_held() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    link.requests().hold();
    says(&mut alice, "gossip").await;
    link.requests().held(LIMIT).await.unwrap();

    // What the hold before had in its hands is not held by this one: it has passed.
    link.requests().hold_after("never said");
    hears(&mut alice, "gossip").await;
    let nothing = link.requests().held(A_WHILE).await.unwrap_err().to_string();
    assert_eq!(nothing, "no request came to be held on the link within 50ms (6 bytes passed so far)");
}

#[tokio::test]
async fn steps_through_a_conversation() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    link.requests().hold();
    says(&mut alice, "one").await;
    link.requests().held(LIMIT).await.unwrap();
    for (passes, next) in [("one", "two"), ("two", "three")] {
        link.requests().step();
        hears(&mut alice, passes).await;
        says(&mut alice, next).await;
        link.requests().held(LIMIT).await.unwrap();
        hears_nothing(&mut alice).await;
    }
    link.requests().release();
    hears(&mut alice, "three").await;
}

#[tokio::test]
async fn holds_after_a_match_that_came_in_two_writes() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    let mut bob = connect(&link).await;
    link.requests().hold_after("commit;");
    says(&mut alice, "begin; com").await;
    hears(&mut alice, "begin; com").await;
    says(&mut alice, "mit; begin;").await;
    link.requests().held(LIMIT).await.unwrap();
    hears(&mut alice, "mit;").await;
    hears_nothing(&mut alice).await;

    says(&mut bob, "select;").await;
    hears(&mut bob, "select;").await;
    says(&mut bob, "commit;commit;").await;
    hears(&mut bob, "commit;").await;
    hears_nothing(&mut bob).await;

    link.requests().release();
    hears(&mut alice, " begin;").await;
    hears(&mut bob, "commit;").await;
}

#[tokio::test]
async fn holds_before_a_match_that_came_in_two_writes() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    link.replies().hold_before("commit;");
    says(&mut alice, "begin; com").await;
    hears(&mut alice, "begin; ").await;
    hears_nothing(&mut alice).await;
    says(&mut alice, "mit; begin;").await;
    link.replies().held(LIMIT).await.unwrap();
    hears_nothing(&mut alice).await;

    link.replies().release();
    hears(&mut alice, "commit; begin;").await;
}
