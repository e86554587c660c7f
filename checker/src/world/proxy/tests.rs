//! Each verb of a link, between plain sockets.

mod holds;
mod volume;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Link;

/// Long enough for a busy machine; reached only by a test that fails.
const LIMIT: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes, were it let through.
const A_WHILE: Duration = Duration::from_millis(50);

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// A server that sends back what it gets, preceded by its greeting, and ends when the client does.
async fn echo(greeting: &'static str) -> SocketAddr {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                stream.write_all(greeting.as_bytes()).await?;
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await?;
                to.shutdown().await
            });
        }
    });
    address
}

async fn connect(link: &Link) -> TcpStream {
    let stream = timeout(LIMIT, TcpStream::connect(link.address())).await.unwrap().unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn says(stream: &mut TcpStream, text: &str) {
    timeout(LIMIT, stream.write_all(text.as_bytes())).await.unwrap().unwrap();
}

#[track_caller]
fn hears<'a>(stream: &'a mut TcpStream, text: &'a str) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let mut heard = vec![0; text.len()];
        let read = timeout(LIMIT, stream.read_exact(&mut heard)).await;
        read.unwrap_or_else(|_| panic!("nothing came, at {caller}")).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), text, "at {caller}");
    }
}

async fn hears_nothing(stream: &mut TcpStream) {
    let heard = timeout(A_WHILE, stream.read_u8()).await;
    assert!(heard.is_err(), "heard {heard:?}");
}

async fn is_reset(stream: &mut TcpStream) {
    let read = timeout(LIMIT, stream.read(&mut [0; 16])).await.expect("a reset within the limit");
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

async fn is_refused(address: SocketAddr) {
    let connected = timeout(LIMIT, TcpStream::connect(address)).await.unwrap();
    assert_eq!(connected.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// Waits for a count of the link that follows what a socket has seen already.
async fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn passes_both_ways_and_counts() {
    let link = Link::to(echo("hello ").await).unwrap();
    let mut alice = connect(&link).await;
    says(&mut alice, "gossip").await;
    hears(&mut alice, "hello gossip").await;

    assert_eq!((link.requests().bytes(), link.replies().bytes()), (6, 12));
    assert_eq!((link.connections(), link.open()), (1, 1));
    drop(alice);
    eventually(|| link.open() == 0).await;
    assert_eq!(link.connections(), 1);
}

#[tokio::test]
async fn a_half_closed_connection_still_gets_its_answer() {
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    says(&mut alice, "that is all").await;
    alice.shutdown().await.unwrap();

    let mut heard = String::new();
    timeout(LIMIT, alice.read_to_string(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, "that is all");
}

#[tokio::test]
async fn a_reset_is_passed_on() {
    let listener = listener().await;
    let link = Link::to(listener.local_addr().unwrap()).unwrap();
    let alice = connect(&link).await;
    let (mut served, _) = listener.accept().await.unwrap();

    alice.set_zero_linger().unwrap();
    drop(alice);
    is_reset(&mut served).await;
}

#[tokio::test]
async fn slow_adds_its_delay_in_its_direction() {
    let delay = Duration::from_millis(60);
    let link = Link::to(echo("").await).unwrap();
    let mut alice = connect(&link).await;
    for directions in [vec![link.requests()], vec![link.replies()], vec![link.requests(), link.replies()]] {
        directions.iter().for_each(|direction| direction.slow(delay));
        let start = Instant::now();
        says(&mut alice, "one").await;
        says(&mut alice, "two").await;
        hears(&mut alice, "onetwo").await;
        assert!(start.elapsed() >= delay * directions.len() as u32, "took {:?}", start.elapsed());
        directions.iter().for_each(|direction| direction.slow(Duration::ZERO));
    }

    link.replies().slow(LIMIT * 10);
    says(&mut alice, "three").await;
    hears_nothing(&mut alice).await;
    link.replies().slow(Duration::ZERO);
    hears(&mut alice, "three").await;
}

#[tokio::test]
async fn slow_delays_a_megabyte_once_and_not_chunk_by_chunk() {
    let delay = Duration::from_millis(100);
    let link = Link::to(echo("").await).unwrap();
    link.replies().slow(delay);
    let (mut from, mut to) = connect(&link).await.into_split();
    let start = Instant::now();
    let sent = tokio::spawn(async move { to.write_all(&vec![7; 1 << 20]).await.map(|()| to) });
    let mut heard = vec![0; 1 << 20];
    timeout(LIMIT, from.read_exact(&mut heard)).await.unwrap().unwrap();

    assert!(start.elapsed() >= delay);
    // 64 chunks of 16 KiB, one after the other, would be 6.4 s.
    assert!(start.elapsed() < delay * 32, "took {:?}", start.elapsed());
    sent.await.unwrap().unwrap();
}

#[tokio::test]
async fn cut_resets_what_is_open_and_refuses_what_is_new() {
    let link = Link::to(echo("hello").await).unwrap();
    let mut alice = connect(&link).await;
    hears(&mut alice, "hello").await;
    for _ in 0..10 {
        link.cut();
        is_refused(link.address()).await;
        is_reset(&mut alice).await;
        eventually(|| link.open() == 0).await;

        link.heal().unwrap();
        alice = connect(&link).await;
        hears(&mut alice, "hello").await;
    }
    link.cut();
    link.heal().unwrap();
    is_reset(&mut alice).await;
}

#[tokio::test]
async fn a_cut_reaches_both_sides() {
    let listener = listener().await;
    let link = Link::to(listener.local_addr().unwrap()).unwrap();
    let mut alice = connect(&link).await;
    let (mut served, _) = listener.accept().await.unwrap();
    says(&mut served, "hello").await;
    hears(&mut alice, "hello").await;
    link.cut();
    is_reset(&mut served).await;
}

#[tokio::test]
async fn a_black_hole_accepts_and_passes_nothing() {
    let link = Link::to(echo("hello").await).unwrap();
    let mut alice = connect(&link).await;
    hears(&mut alice, "hello").await;
    link.blackhole();
    let mut bob = connect(&link).await;
    says(&mut alice, "gossip").await;
    hears_nothing(&mut alice).await;
    hears_nothing(&mut bob).await;

    link.heal().unwrap();
    hears(&mut alice, "gossip").await;
    hears(&mut bob, "hello").await;

    link.blackhole();
    link.cut();
    is_reset(&mut alice).await;
    is_reset(&mut bob).await;
}

#[tokio::test]
async fn retarget_sends_new_connections_elsewhere() {
    let link = Link::to(echo("first").await).unwrap();
    let mut alice = connect(&link).await;
    hears(&mut alice, "first").await;
    link.retarget(echo("second").await);
    let mut bob = connect(&link).await;
    hears(&mut bob, "second").await;
    says(&mut alice, "still here").await;
    hears(&mut alice, "still here").await;
}

#[tokio::test]
async fn a_target_that_is_not_there_is_a_reset() {
    let gone = listener().await.local_addr().unwrap();
    let link = Link::to(gone).unwrap();
    is_reset(&mut connect(&link).await).await;
}

#[tokio::test]
async fn dropping_it_ends_everything() {
    let link = Link::to(echo("hello").await).unwrap();
    let address = link.address();
    let mut alice = connect(&link).await;
    hears(&mut alice, "hello").await;
    drop(link);
    is_refused(address).await;
    is_reset(&mut alice).await;
}
