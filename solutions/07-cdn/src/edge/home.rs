//! The way home: from an edge to its origin, far away.

use std::{io, sync::Arc, time::Duration};

use axum::{extract::Request, http::Response, http::uri::Authority};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::{
    error::AppError,
    proxy,
    upstream::{Connection, SendError, Upstream},
};

pub struct Home {
    upstream: Arc<Upstream>,
    /// How long a connection may take.
    patience: Duration,
}

impl Home {
    pub fn new(address: Authority, patience: Duration) -> Home {
        Home { upstream: Upstream::new(address), patience }
    }

    /// Passes a request on, and comes back with the answer's head. What is safe to send twice is sent once more if the
    /// connection was one from an earlier request, and closed meanwhile; all else has a connection of its own.
    pub async fn ask(&self, mut request: Request) -> Result<Response<Incoming>, AppError> {
        let copy = proxy::copy_if_repeatable(&request);
        if let Some(copy) = copy {
            while let Some(connection) = self.upstream.kept() {
                match connection.send(request).await {
                    Ok(response) => return Ok(response),
                    Err(SendError::Unsent(returned)) => request = *returned,
                    Err(SendError::Broken(_)) => {
                        request = copy;
                        break;
                    }
                }
            }
        }
        let connection = self.connect().await.map_err(|error| AppError::BadGateway(error.into()))?;
        connection.send(request).await.map_err(|error| match error {
            SendError::Unsent(_) => AppError::BadGateway(anyhow::anyhow!("it closed the connection at once")),
            SendError::Broken(error) => AppError::BadGateway(error),
        })
    }

    async fn connect(&self) -> io::Result<Connection> {
        let connected = timeout(self.patience, self.upstream.connect()).await;
        connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
