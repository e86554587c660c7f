//! Somebody's Redis, at a URL: a scenario takes one of its numbered databases, while that is empty, and leaves it so.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, anyhow, bail, ensure};
use percent_encoding::percent_decode_str;
use tokio::{net::lookup_host, time::timeout};
use url::Url;

use super::resp::{Client, Reply};

/// A connection takes a few milliseconds, over a network too.
const PATIENCE: Duration = Duration::from_secs(5);
/// The contract's.
const OLDEST: u32 = 7;
/// As many as a Redis has unless its administrator says otherwise.
const DATABASES: u32 = 16;

/// Says in a database that what else is in there is a check's.
const MARK: &str = "every-line-earned:check";
/// Says that the check is under way. It ends by itself, longer than any scenario takes.
const LEASE: &str = "every-line-earned:lease";
const LEASE_SECONDS: &str = "600";

/// One that was asked, and lets us in.
#[derive(Clone, Debug)]
pub struct Shared {
    pub about: String,
    address: SocketAddr,
    /// `name:password@`, as it stands in a URL, or nothing.
    credentials: String,
    /// What is said first.
    auth: Vec<String>,
    named: String,
}

/// A numbered database of it.
#[derive(Clone, Debug)]
pub struct Lease {
    shared: Shared,
    number: u32,
}

impl Shared {
    /// `named` is how a sentence calls the address: the variable that holds it, or the file.
    pub async fn at(url: &str, named: &str) -> anyhow::Result<Shared> {
        let no_address = || anyhow!("{named} is not the address of a Redis, such as redis://:password@127.0.0.1:6379");
        let url = Url::parse(url).map_err(|_| no_address())?;
        let host = url.host_str().filter(|_| url.scheme() == "redis").ok_or_else(no_address)?;
        let place = format!("{host}:{}", url.port().unwrap_or(6379));
        let otherwise =
            format!("mend it, or unset {}: then a Redis of this machine is started for each check", super::URL);
        let nobody = || anyhow!("nothing answers at {place}, where {named} says that a Redis is; {otherwise}");
        let address = lookup_host(&place).await.ok().and_then(|mut found| found.next()).ok_or_else(nobody)?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (name, password) = (decoded(url.username()), url.password().map(decoded));
        let auth = match (name.as_str(), password) {
            (_, None) => Vec::new(),
            ("", Some(password)) => vec!["AUTH".to_owned(), password],
            (name, Some(password)) => vec!["AUTH".to_owned(), name.to_owned(), password],
        };
        let credentials = url.password().map(|password| format!("{}:{password}@", url.username())).unwrap_or_default();
        let shared = Shared { about: String::new(), address, credentials, auth, named: named.to_owned() };

        let asking = async { Client::connect(address).await.ok() };
        let client = timeout(PATIENCE, asking).await.ok().flatten().ok_or_else(nobody)?;
        let info = timeout(PATIENCE, shared.asked(client, 0, &["INFO", "server"])).await.map_err(|_| nobody())?;
        let no_redis =
            || anyhow!("what answers at {place}, where {named} points, does not speak as Redis does; {otherwise}");
        let info = match info.map_err(|_| no_redis())? {
            Reply::Bytes(info) => String::from_utf8_lossy(&info).into_owned(),
            Reply::Error(error) if error.starts_with("NOAUTH") => {
                bail!("the Redis at {place} wants a password; put it into {named}: redis://:PASSWORD@{place}")
            }
            Reply::Error(error) if error.starts_with("WRONGPASS") || error.contains("AUTH") => {
                bail!("the Redis at {place} does not let us in: the name or the password in {named} is wrong")
            }
            Reply::Error(error) => bail!("the Redis at {place} says {error} to the checker's INFO"),
            _ => return Err(no_redis()),
        };
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).ok_or_else(no_redis)?;
        let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        ensure!(
            major >= OLDEST,
            "the Redis at {place} is version {version}; the workshop is written for {OLDEST}.0 and newer"
        );
        Ok(Shared { about: format!("Redis {version} at {named}"), ..shared })
    }

    /// What one command says, on a connection of its own.
    async fn ask(&self, database: u32, words: &[&str]) -> anyhow::Result<Reply> {
        let asking = async { self.asked(Client::connect(self.address).await?, database, words).await };
        timeout(PATIENCE, asking).await.with_context(|| format!("the Redis at {} fell silent", self.named))?
    }

    async fn asked(&self, mut client: Client, database: u32, words: &[&str]) -> anyhow::Result<Reply> {
        if !self.auth.is_empty()
            && let error @ Reply::Error(_) = client.ask(&self.auth).await?
        {
            return Ok(error);
        }
        if database > 0
            && let error @ Reply::Error(_) = client.ask(&["SELECT", &database.to_string()]).await?
        {
            return Ok(error);
        }
        client.ask(words).await
    }

    /// Takes a database that is empty, or in which a check that was killed has left something.
    pub async fn lease(&self) -> anyhow::Result<Lease> {
        // Number 0 is what everybody uses who does not think of it.
        for number in 1..DATABASES {
            let taken = self.ask(number, &["SET", LEASE, "1", "NX", "EX", LEASE_SECONDS]).await?;
            if taken != Reply::Bytes(b"OK".to_vec()) {
                continue;
            }
            let is_ours = self.ask(number, &["EXISTS", MARK]).await? == Reply::Number(1);
            if is_ours {
                self.ask(number, &["FLUSHDB"]).await?;
                self.ask(number, &["SET", LEASE, "1", "EX", LEASE_SECONDS]).await?;
            } else if self.ask(number, &["DBSIZE"]).await? != Reply::Number(1) {
                self.ask(number, &["DEL", LEASE]).await?;
                continue;
            }
            self.ask(number, &["SET", MARK, "1"]).await?;
            return Ok(Lease { shared: self.clone(), number });
        }
        bail!(
            "all numbered databases of the Redis at {} hold something; unset {}: then a Redis of this machine is started \
             for each check",
            self.named,
            super::URL
        )
    }
}

impl Lease {
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// For a program that reaches it there.
    pub fn url(&self, address: SocketAddr) -> String {
        format!("redis://{}{address}/{}", self.shared.credentials, self.number)
    }

    /// Leaves it empty.
    pub async fn end(&self) -> anyhow::Result<()> {
        self.shared.ask(self.number, &["FLUSHDB"]).await?;
        Ok(())
    }
}
