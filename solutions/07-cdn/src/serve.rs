//! Serving a role's routes: the listener, the ready line, and an end that finishes what it began.

use std::{future::Future, io::Write, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{Router, serve::ListenerExt};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
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
    let listener = listener.tap_io(|stream| {
        // Otherwise the second small piece of an answer waits until the first was acknowledged: up to 40 ms. Without
        // the option all works the same, only later.
        let _ = stream.set_nodelay(true);
    });
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
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

/// One line of JSON on stdout tells whoever started us where to find us.
fn say_ready(address: SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, r#"{{"ready":true,"address":"{address}"}}"#).and_then(|()| stdout.flush()).context("saying ready")
}
