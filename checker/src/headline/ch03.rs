//! 2007: twenty slow requests, and everybody else.

use std::time::Duration;

use super::{Bench, Figure};
use crate::{
    story::Stop,
    world::{World, load::Outgoing, upstream::Upstream},
};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "Slow requests take 0.2 s, a tenth of the talk's 2 s, unless --real-time. Each server has twenty workers.",
    ],
};

/// As many as there are slow requests: one server can be full of them, and two are half full.
const WORKERS: usize = 20;
const SLOW: usize = 20;
const ARRIVES: Duration = Duration::from_secs(10);

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let servers = [Upstream::start("server 1", WORKERS)?, Upstream::start("server 2", WORKERS)?];
    let balancer = world.site().balancer_over(servers.iter().map(Upstream::address)).start().await?;
    let door = balancer.door().own_address();
    let slow_takes = world.delay(Duration::from_secs(2));

    // Dealt like cards, every other one a slow one: whoever rotates gives them all to the same server.
    let mut slow = Vec::new();
    for number in 1..=SLOW {
        slow.push(world.crowd(door, 1).await?.asks(vec![Outgoing::get("/slow")], ARRIVES + slow_takes));
        let under_way = async || servers.iter().map(|server| server.in_flight_of("/slow")).sum::<usize>() == number;
        world.eventually(ARRIVES, || async { under_way().await.then_some(()) }).await;
        world.crowd(door, 1).await?.asks(vec![Outgoing::get("/echo")], ARRIVES).answers().await?;
    }
    let light = world.load(door).of(Outgoing::get("/light")).rate(200).lasting(slow_takes).starts()?;
    tokio::time::sleep(slow_takes).await;
    servers.iter().for_each(|server| _ = server.release_slow());
    let light = light.ends().await?;
    for asking in slow {
        asking.answers().await?;
    }
    Ok(vec![
        Figure::time("quick requests beside 20 slow ones, p50", light.p50()),
        Figure::time("quick requests beside 20 slow ones, p99", light.p99()),
    ])
}
