//! Answers that are remembered: whoever is first asks the database, and for CACHE_TTL everybody is told the same, by every
//! server, since they all remember in one place, Redis.
//!
//! Under `…:ticket` each block has a random word there, and under `…:answer:` and that word the answer that was computed
//! after the word was drawn. An answer counts while its ticket stands.
//!
//! - Who finds no ticket draws one, if nobody else is quicker, and computes. All others wait for that answer.
//! - Who changes something deletes the ticket, after the commit. An answer from before the change may be on its way, and
//!   arrive however late: nobody looks for it, and no ticket ever has that word again.
//! - Who waited too long (a server may die with a ticket in hand) computes for itself, and keeps that for all.
//!
//! What this holds, and what it does not:
//!
//! - A page that is asked for after a change was announced shows it, on every server. Publishing, liking and registering
//!   announce it before they answer.
//! - While a change could not be announced, this server makes the blocks that show it without the cache, and goes on
//!   trying. Other servers may show those as they were until that succeeds, at most CACHE_TTL.
//! - The same bound holds when a server ends between the commit and the announcement, when Redis loses a deletion in a
//!   fail-over, and for changes that nobody announces.
//! - A Redis that is slow or away costs a page CACHE_TIMEOUT, and never the page.
//! - In Redis are five tickets, their answers and those that came too late, all with an end, and nothing about who reads.

mod ledger;
mod store;

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};

use self::{
    ledger::{Debt, Ledger},
    store::{Store, Talk},
};
use crate::{admission, config::Config, error::AppError, front::Block, site::Shared};

/// All keys begin so, for others may keep theirs in the same Redis. The number changes with the shape of an answer: while
/// a new version is rolled out, the old one asks under its own.
const PREFIX: &str = "gossip:front:1";

/// How soon those who wait for an answer look again. Most are there after a few milliseconds; the pause doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Between two attempts to announce what is owed; shorter where CACHE_TIMEOUT is.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

pub struct Cache {
    store: Store,
    /// All keys end after it. An answer is never older than its ticket, so this bounds its age.
    ttl: Duration,
    /// How long a request waits for another's answer: half of its patience, so that some is left to compute it.
    wait: Duration,
    /// Between two attempts to announce what is owed.
    pause: Duration,
    /// What could not be announced; `settle_forever` makes up for it.
    ledger: Ledger,
}

enum Found<'a, T> {
    Value(T),
    /// Nobody has it. Whoever computes it keeps it under this ticket, and owes its deletion if nothing comes of it.
    Nothing(String, Option<Debt<'a>>),
    /// Nobody knows.
    Silence,
}

impl Cache {
    pub fn new(config: &Config) -> anyhow::Result<Cache> {
        Ok(Cache {
            store: Store::new(config)?,
            ttl: config.cache_ttl,
            wait: config.queue_deadline / 2,
            pause: config.cache_timeout.min(SETTLE_PAUSE),
            ledger: Ledger::default(),
        })
    }

    /// The answer that is remembered, or a new one from `compute`, which is remembered then.
    pub async fn get_or_compute<T, F>(&self, block: Block, compute: F) -> Result<T, AppError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, AppError>>,
    {
        // What this server knows to be outdated, it does not ask for.
        if self.ledger.owes(block) {
            return compute.await;
        }
        let mut talk = self.store.talk();
        match self.find(&mut talk, block).await? {
            Found::Value(value) => Ok(value),
            Found::Silence => compute.await,
            Found::Nothing(ticket, debt) => {
                let value = compute.await?;
                let json = serde_json::to_vec(&value).map_err(anyhow::Error::new)?;
                let is_kept = talk.write(&answer_key(block, &ticket), &json, self.ttl).await.is_ok();
                if let Some(debt) = debt.filter(|_| is_kept) {
                    debt.pay();
                }
                Ok(value)
            }
        }
    }

    /// To be called before a change is committed, with every block that shows it; and announced after.
    pub fn change(&self, blocks: &[Block]) -> Change<'_> {
        Change { cache: self, debt: self.ledger.debt(blocks) }
    }

    /// Errs only when the request's patience ends; Redis can do no more than fall silent.
    async fn find<T: DeserializeOwned>(&self, talk: &mut Talk<'_>, block: Block) -> Result<Found<'_, T>, AppError> {
        let give_up = Instant::now() + self.wait;
        let mut pause = FIRST_PAUSE;
        let mut was_taken = false;
        loop {
            let Ok(ticket) = talk.read_one(&ticket_key(block)).await else {
                return Ok(Found::Silence);
            };
            let Some(ticket) = ticket.and_then(as_ticket) else {
                match self.draw(talk, block, was_taken).await {
                    Ok(Some(found)) => return Ok(found),
                    Ok(None) => was_taken = true,
                    Err(_) => return Ok(Found::Silence),
                }
                continue;
            };
            match talk.read_one(&answer_key(block, &ticket)).await {
                Err(_) => return Ok(Found::Silence),
                Ok(Some(json)) => {
                    // What is there and makes no sense is computed at once: nobody else is about to.
                    let value = serde_json::from_slice(&json);
                    return Ok(value.map_or(Found::Nothing(ticket, None), Found::Value));
                }
                Ok(None) if Instant::now() >= give_up => return Ok(Found::Nothing(ticket, None)),
                Ok(None) => {}
            }
            admission::wait_for(sleep(pause)).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // What it waited for was somebody's computing, not Redis.
            talk.begin_again();
        }
    }

    /// Tries to be the one who computes. Where a ticket is said to be and none can be read, something else stands there,
    /// and is replaced.
    async fn draw<T>(&self, talk: &mut Talk<'_>, block: Block, replace: bool) -> anyhow::Result<Option<Found<'_, T>>> {
        let ticket = format!("{:032x}", rand::random::<u128>());
        // From before it is asked for: a ticket whose arrival nobody confirmed may be there all the same.
        let debt = self.ledger.debt(&[block]);
        let (key, word) = (ticket_key(block), ticket.as_bytes());
        if replace {
            talk.write(&key, word, self.ttl).await?;
        } else if !talk.write_if_free(&key, word, self.ttl).await? {
            debt.pay();
            return Ok(None);
        }
        Ok(Some(Found::Nothing(ticket, Some(debt))))
    }

    /// Deletes the tickets of these blocks, and the answers under them, which nobody will look for.
    async fn forget(&self, blocks: &[Block]) -> anyhow::Result<()> {
        let mut talk = self.store.talk();
        let mut keys: Vec<_> = blocks.iter().copied().map(ticket_key).collect();
        let tickets = talk.read(&keys).await?;
        let answer = |(&block, ticket): (&Block, Option<_>)| Some(answer_key(block, &as_ticket(ticket?)?));
        keys.extend(blocks.iter().zip(tickets).filter_map(answer));
        talk.delete(&keys).await
    }

    /// Whether all that was owed is announced.
    async fn settle(&self) -> bool {
        let unpaid = self.ledger.unpaid();
        let blocks: Vec<_> = unpaid.keys().copied().collect();
        if !blocks.is_empty() && self.forget(&blocks).await.is_err() {
            return false;
        }
        self.ledger.strike(&unpaid);
        self.ledger.unpaid().is_empty()
    }
}

/// Announces what could not be announced in time, as long as the server lives.
pub async fn settle_forever(site: Shared) {
    let cache = &site.cache;
    loop {
        cache.ledger.written().await;
        // At first, too: whoever left during the commit has left it running.
        sleep(cache.pause).await;
        while !cache.settle().await {
            sleep(cache.pause).await;
        }
    }
}

/// A change that is about to be committed.
#[must_use = "the other servers do not know of it until it is announced"]
pub struct Change<'a> {
    cache: &'a Cache,
    debt: Debt<'a>,
}

impl Change<'_> {
    /// To be called after the commit. It takes CACHE_TIMEOUT at most, and what fails is made up for.
    pub async fn announce(self) {
        if self.cache.forget(self.debt.blocks()).await.is_ok() {
            self.debt.pay();
        }
    }
}

fn ticket_key(block: Block) -> String {
    format!("{PREFIX}:{}:ticket", name(block))
}

fn answer_key(block: Block, ticket: &str) -> String {
    format!("{PREFIX}:{}:answer:{ticket}", name(block))
}

fn name(block: Block) -> &'static str {
    match block {
        Block::Newest => "newest",
        Block::Top => "top",
        Block::Tags => "tags",
        Block::NewUsers => "new-users",
        Block::Counts => "counts",
    }
}

/// A word that we could have drawn; whatever else stands there is none.
fn as_ticket(word: Vec<u8>) -> Option<String> {
    let is_ours = word.len() == 32 && word.iter().all(u8::is_ascii_hexdigit);
    String::from_utf8(word).ok().filter(|_| is_ours)
}
