//! What a wire says and hears, between plain sockets.

use std::net::{Ipv4Addr, SocketAddr};

use hyper::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Ask, Wire};
use crate::world::timeline::Timeline;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn wire_to(address: SocketAddr) -> Wire {
    Wire::try_open("a server", address, &Timeline::start()).await.unwrap()
}

/// Reads until this has come, and says all that came.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "it ended before {end:?}");
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn says_exactly_what_it_is_told() {
    let (listener, address) = listener().await;
    let timeline = Timeline::start();
    let mut wire = Wire::try_open("a server", address, &timeline).await.unwrap();
    let hearing = tokio::spawn(async move {
        let ask = Ask::get("/a%2Fb?x=%20").with("host", "gossip.example").with("x-twice", "1").with("x-twice", "2");
        let first = wire.hears(ask).await.unwrap();
        let second = wire.hears(Ask::new(Method::POST, "/b").body("hi")).await.unwrap();
        (first, second)
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    let said = until(&mut stream, "\r\n\r\n").await;
    assert_eq!(said, "GET /a%2Fb?x=%20 HTTP/1.1\r\nhost: gossip.example\r\nx-twice: 1\r\nx-twice: 2\r\n\r\n");
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 2\r\n\r\n{}")
        .await
        .unwrap();
    let said = until(&mut stream, "\r\n\r\nhi").await;
    assert!(said.starts_with("POST /b HTTP/1.1\r\n") && said.contains(&format!("host: {address}\r\n")), "{said}");
    stream.write_all(b"HTTP/1.1 204 No Content\r\nx-served-by: server 2\r\n\r\n").await.unwrap();

    let (first, second) = hearing.await.unwrap();
    assert_eq!((first.summary(), first.all("set-cookie").join(" ")), ("200".to_owned(), "a b".to_owned()));
    assert_eq!(first.json(), Some(serde_json::json!({})));
    assert_eq!((second.summary(), second.json()), ("204 from server 2".to_owned(), None));
    assert!(timeline.script().contains("curl -i -X GET -H 'host: gossip.example' -H 'x-twice: 1' -H 'x-twice: 2'"));
}

#[tokio::test]
async fn hears_pieces_as_they_come_and_a_broken_end() {
    let (listener, address) = listener().await;
    let mut wire = wire_to(address).await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        stream
    });
    let mut answer = wire.asks(Ask::get("/")).await.unwrap();
    let mut stream = serving.await.unwrap();
    stream.write_all(b"3\r\none\r\n").await.unwrap();
    assert_eq!(answer.piece().await.unwrap().unwrap(), "one");
    stream.write_all(b"3\r\ntwo\r\n").await.unwrap();
    assert_eq!(answer.piece().await.unwrap().unwrap(), "two");
    drop(stream);
    assert_eq!(answer.piece().await.unwrap_err().0, "the connection broke");
    assert_eq!(wire.hears(Ask::get("/")).await.unwrap_err().0, "the connection was closed");
}

#[tokio::test]
async fn hanging_up_is_noticed_at_the_other_end() {
    let (listener, address) = listener().await;
    let mut wire = wire_to(address).await;
    let (ask, upload) = Ask::new(Method::POST, "/").upload();
    let sending = tokio::spawn(async move { wire.hears(ask).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(upload.send("half").await);
    until(&mut stream, "half\r\n").await;
    sending.abort();
    assert!(matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn rubbish_is_told_from_silence() {
    let (listener, address) = listener().await;
    let mut wire = wire_to(address).await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
        stream.read(&mut [0; 1024]).await
    });
    let silence = wire.hears(Ask::get("/")).await.unwrap_err();
    assert_eq!(silence.0, "an answer that makes no sense");
}
