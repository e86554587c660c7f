//! Serving a role's routes: the listener, the ready line, and an end that finishes what it began.

use std::{future::Future, io::Write, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::Router;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}: is something running there? LISTEN_ADDR chooses another"))
}

/// Serves until `shutdown`, then takes no new connection and gives the requests under way `grace` to finish.
pub async fn run(
    listener: TcpListener,
    routes: Router,
    grace: Duration,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    say_ready(listener.local_addr()?)?;
    tracing::info!(?grace, "nobody will be waited for");
    tokio::select! {
        served = axum::serve(listener, routes).into_future() => served?,
        () = shutdown => tracing::info!("stopped"),
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

/// One line of JSON on stdout tells whoever started us where to find us.
fn say_ready(address: SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, r#"{{"ready":true,"address":"{address}"}}"#).and_then(|()| stdout.flush()).context("saying ready")
}
