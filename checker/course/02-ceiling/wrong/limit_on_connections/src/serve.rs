//! Serving a role's routes: the listener, the ready line, and an end that finishes what it began.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use axum::{Router, serve::Listener};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}: is something running there? LISTEN_ADDR chooses another"))
}

/// Serves until `shutdown`, then takes no new connection and gives the requests under way `grace` to finish. No more
/// than `most` connections are open at a time.
pub async fn run(
    listener: TcpListener,
    routes: Router,
    grace: Duration,
    most: usize,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    say_ready(listener.local_addr()?)?;
    let listener = Limited { listener, places: Arc::new(Semaphore::new(most)) };
    let (stopping, stopped) = watch::channel(false);
    let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
        shutdown.await;
        tracing::info!("finishing what is under way");
        // The receiver lives as long as this function, which outlives the server.
        stopping.send_replace(true);
    });
    let out_of_patience = async {
        let mut stopped = stopped;
        if stopped.wait_for(|stopping| *stopping).await.is_ok() {
            tokio::time::sleep(grace).await;
        }
    };
    tokio::select! {
        served = server.into_future() => {
            served?;
            tracing::info!("stopped, nothing left under way");
        }
        () = out_of_patience => tracing::warn!("stopped with requests still under way after {grace:?}"),
    }
    Ok(())
}

/// SIGTERM, as a supervisor sends it, or Ctrl-C at a terminal. Listens from this call on, not from the first await: a
/// signal right after the ready line must find somebody home.
pub fn terminated() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Accepts a connection when there is a place for it.
struct Limited {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// A connection, and its place until it is closed.
struct Placed {
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
}

impl Listener for Limited {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // Never closed.
        let place = self.places.clone().acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Placed { stream, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Placed {
    fn poll_read(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(ctx, into)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(ctx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(ctx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(ctx)
    }
}

/// One line of JSON on stdout tells whoever started us where to find us.
fn say_ready(address: SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, r#"{{"ready":true,"address":"{address}"}}"#).and_then(|()| stdout.flush()).context("saying ready")
}
