//! People in a tunnel: they ask for pages and take nothing of what comes back, or send a form and get stuck in the middle.

use std::{net::SocketAddr, time::Duration};

use tokio::{io::AsyncWriteExt, net::TcpSocket, net::TcpStream};

use super::{
    World,
    http::{Browser, Request},
    site::Server,
};
use crate::story::Stop;

/// As little as a system allows.
const RECEIVE_BUFFER: u32 = 4096;
/// Pages asked for on each connection, one after the other. A system takes up to some 4 MiB of an answer off a server's
/// hands although nobody reads it; so many pages of 100 KB are more than that.
const PAGES: usize = 80;
const SETTLED: Duration = Duration::from_secs(5);

/// Their connections, as long as this is kept.
pub struct SlowPeople {
    _connections: Vec<TcpStream>,
}

impl World {
    /// So many of them ask for this page, again and again, and read nothing. Returns when the server can send no more.
    pub async fn slow_readers(&self, at: &Server, page: &str, readers: usize) -> Result<SlowPeople, Stop> {
        let address = at.own_address();
        self.note(format!("{readers} people with a slow line ask for {page}, and read nothing of what comes"));
        let mut connections = Vec::new();
        for _ in 0..readers {
            connections.push(slow_reader(address, page).await?);
        }
        self.until_it_rests(at, SETTLED).await;
        Ok(SlowPeople { _connections: connections })
    }

    /// So many browsers of one person publish, and half of the form arrives. Returns when the server waits for the rest.
    pub async fn slow_writers(&self, at: &Server, author: &Browser, writers: usize) -> Result<SlowPeople, Stop> {
        let address = at.own_address();
        self.note(format!("{writers} people with a slow line publish, and half of each form arrives"));
        let body = Request::post("/post", &[("content", "from the tunnel"), ("tag", "gossip")]).body();
        let (cookies, half) = (author.cookie_header(), &body[..body.len() / 2]);
        let request = format!(
            "POST /post HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookies}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{half}",
            body.len()
        );
        let mut connections = Vec::new();
        for _ in 0..writers {
            let mut connection = TcpStream::connect(address).await?;
            connection.write_all(request.as_bytes()).await?;
            connections.push(connection);
        }
        self.until_it_rests(at, SETTLED).await;
        Ok(SlowPeople { _connections: connections })
    }
}

async fn slow_reader(address: SocketAddr, page: &str) -> anyhow::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let mut stream = socket.connect(address).await?;
    let request = format!("GET {page} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.repeat(PAGES).as_bytes()).await?;
    Ok(stream)
}
