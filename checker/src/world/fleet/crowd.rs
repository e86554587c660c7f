//! People who give up half-way: before anything came, in the middle of an answer, in the middle of what they send.

use std::time::Duration;

use hyper::Method;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{ARRIVES, Fleet, LOOK};
use crate::{
    story::Stop,
    world::{
        upstream::Upstream,
        wire::{Ask, Wire},
    },
};

const HALF: &str = "half of what was to be said";
/// In which a balancer that tells the servers has told them. One that does not is no failure: the servers finish then.
const TOLD: Duration = Duration::from_secs(2);

/// How many gave up, and at which servers.
pub struct GivenUp {
    pub people: usize,
    pub told: String,
}

impl Fleet {
    /// Three times so many people ask, come half-way, and give up at once. Nothing of theirs is under way when this returns.
    pub async fn people_give_up(&self, of_each_kind: usize) -> Result<GivenUp, Stop> {
        let people = 3 * of_each_kind;
        let moment = self.timeline.begin(format!("{people} people ask, and give up half-way"));
        let sunk = self.total(|server| server.sunk() as usize);
        let (half_way, mut arrivals) = mpsc::channel(people);
        let mut crowd = JoinSet::new();
        for _ in 0..of_each_kind {
            crowd.spawn(waits(self.connect().await?, Ask::get(self.unique("/slow"))));
            crowd.spawn(reads_half(self.connect().await?, Ask::get(self.unique("/stream")), half_way.clone()));
            crowd.spawn(sends_half(self.connect().await?, Ask::new(Method::POST, self.unique("/sink"))));
        }
        self.expect_soon(|| self.total(Upstream::in_flight) == people, "the servers have all requests").await?;
        self.servers.iter().for_each(Upstream::next_chunk);
        for _ in 0..of_each_kind {
            if !matches!(timeout(ARRIVES, arrivals.recv()).await, Ok(Some(()))) {
                return self.failed("the first piece of an answer arrives", "nothing came", "It was sent.");
            }
        }
        let half = sunk + of_each_kind * HALF.len();
        self.expect_soon(|| self.total(|server| server.sunk() as usize) >= half, "what is sent arrives as it is sent")
            .await?;
        let told = self.counts(Upstream::in_flight);

        crowd.shutdown().await;
        moment.end(format!("they were at {told}"));
        if self.is_quiet(TOLD).await.is_err() {
            // The servers were not told, and finish for nobody.
            self.servers.iter().for_each(|server| {
                server.release_slow();
                server.end_streams();
            });
            self.is_quiet(ARRIVES).await?;
        }
        Ok(GivenUp { people, told })
    }

    fn total(&self, count: impl Fn(&Upstream) -> usize) -> usize {
        self.servers.iter().map(count).sum()
    }

    async fn expect_soon(&self, condition: impl Fn() -> bool, expected: &str) -> Result<(), Stop> {
        let deadline = Instant::now() + ARRIVES;
        while !condition() {
            if Instant::now() > deadline {
                let saw = format!("after {} s, under way: {}", ARRIVES.as_secs(), self.counts(Upstream::in_flight));
                return self.failed(expected, saw, "A balancer hands requests on, each to one server.");
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

async fn waits(mut wire: Wire, ask: Ask) {
    // Whatever comes, it comes too late.
    let _ = wire.hears(ask).await;
    std::future::pending().await
}

async fn reads_half(mut wire: Wire, ask: Ask, half_way: mpsc::Sender<()>) {
    if let Ok(mut answer) = wire.asks(ask).await
        && let Ok(Some(_)) = answer.piece().await
    {
        // Its reader is gone only when this one is.
        let _ = half_way.send(()).await;
        std::future::pending::<()>().await;
    }
}

async fn sends_half(mut wire: Wire, ask: Ask) {
    let (ask, upload) = ask.upload();
    let sending = async {
        upload.send(HALF).await;
        std::future::pending().await
    };
    tokio::select! {
        _ = wire.hears(ask) => {}
        () = sending => {}
    }
}
