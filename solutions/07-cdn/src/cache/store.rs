//! The connection to Redis: one for all requests, made when it is first needed and again when it broke. Whatever is asked
//! here may fail, and comes back in time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, aio::MultiplexedConnection};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use crate::config::Config;

pub struct Store {
    client: Client,
    /// How long one conversation may take, all its commands together.
    timeout: Duration,
    /// Requests share it: what they ask goes out one after the other, without waiting for the answers in between.
    connection: Mutex<Option<Arc<MultiplexedConnection>>>,
    /// Held by the one that connects; whoever needs a connection meanwhile waits for that one.
    connecting: tokio::sync::Mutex<()>,
    /// Whether the last command was answered, so that the logs tell of a change and not of every page.
    answers: AtomicBool,
}

impl Store {
    /// Connects to nobody yet: a site that waits for its cache at the start is down whenever the cache is.
    pub fn new(config: &Config) -> anyhow::Result<Store> {
        let client = Client::open(config.redis_url.expose_secret())
            .context("REDIS_URL is not the address of a Redis without TLS, such as redis://127.0.0.1:6379")?;
        Ok(Store {
            client,
            timeout: config.cache_timeout,
            connection: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            answers: AtomicBool::new(true),
        })
    }

    pub fn talk(&self) -> Talk<'_> {
        Talk { store: self, left: self.timeout }
    }

    async fn connection(&self) -> anyhow::Result<Arc<MultiplexedConnection>> {
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let _turn = self.connecting.lock().await;
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        // Whoever asks has a deadline already.
        let limits = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection = Arc::new(self.client.get_multiplexed_async_connection_with_config(&limits).await?);
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
        Ok(connection)
    }

    fn open(&self) -> Option<Arc<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives up this connection, unless somebody has replaced it already.
    fn close(&self, broken: &Arc<MultiplexedConnection>) {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.as_ref().is_some_and(|open| Arc::ptr_eq(open, broken)) {
            *connection = None;
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> anyhow::Result<T> {
        let mut is_second = false;
        loop {
            let connection = timeout_at(deadline, self.connection()).await.context("connecting took too long")??;
            let reply = timeout_at(deadline, command.query_async(&mut MultiplexedConnection::clone(&connection))).await;
            match reply {
                // Redis may have restarted since the last command; no command here does harm when it is done twice.
                Ok(Err(error)) if error.is_unrecoverable_error() && !is_second => {
                    self.close(&connection);
                    is_second = true;
                }
                Ok(reply) => return Ok(reply?),
                // A peer that vanished without a word looks like this, and would for minutes.
                Err(late) => {
                    self.close(&connection);
                    return Err(late).context("an answer took too long");
                }
            }
        }
    }
}

/// What one request asks of Redis. All of it together is over after CACHE_TIMEOUT.
pub struct Talk<'a> {
    store: &'a Store,
    left: Duration,
}

impl Talk<'_> {
    pub fn begin_again(&mut self) {
        self.left = self.store.timeout;
    }

    /// What stands under these keys. A key of another type counts as empty.
    pub async fn read(&mut self, keys: &[String]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
        self.ask(redis::cmd("MGET").arg(keys)).await
    }

    pub async fn read_one(&mut self, key: &str) -> anyhow::Result<Option<Vec<u8>>> {
        // Not GET, which takes a key of another type for an error.
        let (value,) = self.ask(redis::cmd("MGET").arg(key)).await?;
        Ok(value)
    }

    pub async fn write(&mut self, key: &str, value: &[u8], ttl: Duration) -> anyhow::Result<()> {
        self.ask(redis::cmd("SET").arg(key).arg(value).arg("EX").arg(ttl.as_secs())).await
    }

    /// Whether the key was free, and has this value now.
    pub async fn write_if_free(&mut self, key: &str, value: &[u8], ttl: Duration) -> anyhow::Result<bool> {
        let set: Option<String> =
            self.ask(redis::cmd("SET").arg(key).arg(value).arg("NX").arg("EX").arg(ttl.as_secs())).await?;
        Ok(set.is_some())
    }

    pub async fn delete(&mut self, keys: &[String]) -> anyhow::Result<()> {
        self.ask(redis::cmd("DEL").arg(keys)).await
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> anyhow::Result<T> {
        let deadline = Instant::now() + self.left;
        let reply = self.store.ask(command, deadline).await;
        self.left = deadline.saturating_duration_since(Instant::now());
        let answered_before = self.store.answers.swap(reply.is_ok(), Ordering::Relaxed);
        match &reply {
            Ok(_) if !answered_before => tracing::info!("the cache answers again"),
            Err(error) if answered_before => {
                tracing::warn!(error = format!("{error:#}"), "the cache is out of order, pages are made without it");
            }
            _ => {}
        }
        reply
    }
}
