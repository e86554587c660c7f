//! The generator against a server of known latency.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{Load, Outgoing};

const MS: Duration = Duration::from_millis(1);

/// Answers one request after the other, each after `takes`; the first ones after `stall` has gone by.
async fn server(takes: Duration, stall: Duration, status: StatusCode) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let turn = Arc::new(Semaphore::new(1));
    tokio::spawn(async move {
        let opened = Instant::now() + stall;
        while let Ok((stream, _)) = listener.accept().await {
            let turn = turn.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let turn = turn.clone();
                async move {
                    if stall.is_zero() {
                        sleep(takes).await;
                    } else {
                        let _turn = turn.acquire().await;
                        tokio::time::sleep_until(opened).await;
                        sleep(takes).await;
                    }
                    let mut answer = Response::new(Full::new(Bytes::from_static(b"ok")));
                    *answer.status_mut() = status;
                    Ok::<_, Infallible>(answer)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_latency_is_what_the_server_takes() {
    let address = server(20 * MS, Duration::ZERO, StatusCode::OK).await;
    let load = Load::on([address]).of(Outgoing::get("/")).rate(100).lasting(500 * MS).runs().await;
    let latencies = load.expect("the server is there");
    assert_eq!((latencies.requests(), latencies.of_status(200)), (50, 50));
    assert!(latencies.p50() >= 20 * MS, "{latencies}");
    // A busy machine makes it longer, never shorter.
    assert!(latencies.quantile(0.1) < 200 * MS, "{latencies}");
    assert!(latencies.max() >= latencies.p99() && latencies.p99() >= latencies.p50());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_should_have_started_during_a_stall_has_waited() {
    let stall = 500 * MS;
    let address = server(Duration::ZERO, stall, StatusCode::OK).await;
    let load = Load::on([address]).of(Outgoing::get("/")).rate(100).lasting(stall).runs().await;
    let latencies = load.expect("the server is there");
    // One that waits for its answers would have one slow request and call the other 49 quick. Starts are spread evenly
    // over the stall, so half of them wait for half of it at least.
    assert!(latencies.p50() >= stall / 2 - 50 * MS, "{latencies}");
    assert!(latencies.max() >= stall - 50 * MS, "{latencies}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_is_no_latency() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port is free").local_addr().expect("it is bound");
    let load = Load::on([gone]).of(Outgoing::get("/")).rate(100).lasting(100 * MS).runs().await;
    let latencies = load.expect("a refusal is data");
    assert_eq!((latencies.refused, latencies.answered()), (10, 0));

    let busy = server(Duration::ZERO, Duration::ZERO, StatusCode::SERVICE_UNAVAILABLE).await;
    let load = Load::on([busy]).of(Outgoing::get("/")).rate(100).lasting(100 * MS).runs().await;
    assert_eq!(load.expect("an error is an answer").of_status(503), 10);
}

#[tokio::test]
async fn a_plan_that_was_not_kept_is_nobodys_latency() {
    let address = server(Duration::ZERO, Duration::ZERO, StatusCode::OK).await;
    let load = Load::on([address]).of(Outgoing::get("/")).rate(1000).lasting(200 * MS).starts();
    let loading = load.map_err(|_| ()).expect("256 sockets are there");
    tokio::task::yield_now().await;
    // On a runtime of one thread, this is what a machine looks like that has no time for us.
    std::thread::sleep(300 * MS);
    let latencies = loading.ends().await.expect("the server is there");
    assert!(latencies.behind >= 250 * MS, "{:?}", latencies.behind);
    assert!(latencies.expect_on_time(100 * MS).is_err());
    assert!(latencies.expect_on_time(10_000 * MS).is_ok());
}
