//! A server that stops, freezes, or closes its connections.

use super::*;

#[tokio::test]
async fn a_stopped_server_refuses_and_comes_back_at_its_address() {
    let upstream = upstream(1);
    let mut kept = wire(&upstream).await;
    kept.hears(Ask::get("/light/1")).await.unwrap();
    let slow = asking(&upstream, "/slow").await;
    upstream.wait_in_flight(1, LIMIT).await.unwrap();
    upstream.stop();
    assert!(slow.await.unwrap().is_err());
    assert!(kept.hears(Ask::get("/light/2")).await.is_err());
    let refused = Wire::try_open("server 1", upstream.address(), &Timeline::start()).await;
    assert_eq!(refused.err().unwrap().0, "no connection: connection refused");
    upstream.wait_in_flight(0, LIMIT).await.unwrap();

    upstream.start_again().unwrap();
    upstream.start_again().unwrap();
    assert_eq!(gets(&upstream, "/light/3").await.status, StatusCode::OK);
    let paths: Vec<_> = upstream.arrivals().into_iter().map(|arrival| arrival.path).collect();
    assert_eq!(paths, ["/light/1", "/slow", "/light/3"]);
}

#[tokio::test]
async fn a_frozen_server_accepts_and_says_nothing_until_it_thaws() {
    let upstream = upstream(1);
    let mut kept = wire(&upstream).await;
    kept.hears(Ask::get("/light/1")).await.unwrap();
    upstream.freeze();
    let on_kept = tokio::spawn(async move { kept.hears(Ask::get("/light/2")).await });
    let on_new = asking(&upstream, "/light/3").await;
    assert!(timeout(Duration::from_millis(30), upstream.wait_visit("/light")).await.is_err());
    assert_eq!(upstream.arrivals().len(), 1);
    upstream.thaw();
    assert_eq!(on_kept.await.unwrap().unwrap().status, StatusCode::OK);
    assert_eq!(on_new.await.unwrap().unwrap().status, StatusCode::OK);

    upstream.freeze();
    upstream.stop();
    upstream.start_again().unwrap();
    assert_eq!(gets(&upstream, "/light/4").await.status, StatusCode::OK, "it comes back neither stopped nor frozen");
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let upstream = upstream(1);
    let mut idle = wire(&upstream).await;
    idle.hears(Ask::get("/light")).await.unwrap();
    let mut busy = wire(&upstream).await;
    let mut answer = busy.asks(Ask::get("/stream")).await.unwrap();
    assert_eq!((upstream.connections(), upstream.open()), (2, 2));
    assert_eq!(upstream.close_idle().await, 1);
    assert_eq!((upstream.connections(), upstream.open()), (2, 1));
    until(|| idle.is_closed()).await;
    upstream.next_chunk();
    assert_eq!(answer.piece().await.unwrap().unwrap(), "chunk 1\n");
}

#[tokio::test]
async fn a_connection_can_be_closed_under_the_next_request() {
    let upstream = upstream(1);
    let mut idle = wire(&upstream).await;
    idle.hears(Ask::get("/light/1")).await.unwrap();
    let mut busy = wire(&upstream).await;
    let answer = busy.asks(Ask::get("/stream")).await.unwrap();
    upstream.close_on_next_use().await;
    assert!(idle.hears(Ask::get("/light/2")).await.is_err());
    upstream.end_streams();
    answer.whole().await.unwrap();
    assert!(busy.hears(Ask::get("/light/3")).await.is_ok(), "it was not idle then");
    assert_eq!(gets(&upstream, "/light/4").await.status, StatusCode::OK);
    assert_eq!(upstream.served("/light"), 3);
}

#[tokio::test]
async fn a_dropped_upstream_is_gone() {
    let upstream = upstream(1);
    let (address, slow) = (upstream.address(), asking(&upstream, "/slow").await);
    upstream.wait_in_flight(1, LIMIT).await.unwrap();
    drop(upstream);
    assert!(slow.await.unwrap().is_err());
    assert!(Wire::try_open("server 1", address, &Timeline::start()).await.is_err());
}
