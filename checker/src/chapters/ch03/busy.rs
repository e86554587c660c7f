//! Who is busy: the servers' work, counted from the request until the last byte of its answer.

use crate::{
    story::Stop,
    world::{World, fleet::Fleet},
};

/// Twenty slow requests fall on server 1, half of the readers stand in line behind them, and server 2 is bored.
pub async fn slow_ones_are_spread(world: &mut World) -> Result<(), Stop> {
    const WORKERS: usize = 4;
    let mut fleet = world.fleet(2).workers(WORKERS).start().await?;
    let why = "Slow ones that pile up on one server wait for each other, while another one has room.";

    fleet.slow_ones_between_quick_ones(WORKERS).await?;
    world.measured("slow requests a server, of 4", fleet.slow_ones());
    fleet.newcomers(4).await?;
    fleet.expect_nobody_overloaded(why)?;

    fleet.slow_ones_between_quick_ones(WORKERS).await?;
    fleet.expect_nobody_overloaded(why)?;
    fleet.slow_ones_end().await
}

/// Server 1 is done, and the readers still go to server 2, where eight slow ones are under way.
pub async fn light_goes_where_it_is_light(world: &mut World) -> Result<(), Stop> {
    let mut fleet = world.fleet(2).start().await?;
    let mut reader = fleet.connect().await?;
    // A connection that is always the same is no reason to go to a server that is always the same.
    let first = fleet.quick(&mut reader).await?;
    let (busy, free) = (first, fleet.other(first));
    let why = "What counts is how much a server has to do now; now is when somebody asks.";

    fleet.slow_ones_come(4).await?;
    fleet.finishes_all_but(free, 0).await?;
    fleet.finishes_all_but(busy, 1).await?;
    let newcomers = fleet.newcomers(30).await?;
    world.measured("quick requests to a server that is done, of 30", newcomers[free]);
    fleet.expect_at(&newcomers, free, 27, why)?;
    let readers = fleet.reader(&mut reader, 30).await?;
    fleet.expect_at(&readers, free, 27, why)?;
    fleet.slow_ones_end().await?;

    a_long_answer_is_work_to_its_end(&mut fleet, world).await
}

/// The head of an answer is there at once, and its last byte when somebody says so.
async fn a_long_answer_is_work_to_its_end(fleet: &mut Fleet, world: &mut World) -> Result<(), Stop> {
    let free = world.pick(2);
    let why = "A server is busy with an answer until its last byte has gone, not until its first.";
    fleet.long_answers_begin(4).await?;
    fleet.ends_long_answers(free).await?;
    let newcomers = fleet.newcomers(30).await?;
    fleet.expect_at(&newcomers, free, 27, why)?;
    fleet.slow_ones_end().await
}

/// On a quiet day nobody is busy, and server 1 does all the work.
pub async fn ties_rotate(world: &mut World) -> Result<(), Stop> {
    let mut fleet = world.fleet(3).start().await?;
    let mut reader = world.someone(fleet.balancer())?;
    reader.set_cookie("session", &world.mark());
    let why = "Among equals everybody gets their share, or the first of them is always the next to fall over.";

    let newcomers = fleet.newcomers(60).await?;
    fleet.expect_each(&newcomers, 5, why)?;
    // With a cookie that stays the same, over a connection that does.
    let readers = fleet.browses(&mut reader, 60).await?;
    fleet.expect_each(&readers, 5, why)?;

    fleet.slow_ones_come(2).await?;
    fleet.each_has_one_left().await?;
    let newcomers = fleet.newcomers(60).await?;
    fleet.expect_each(&newcomers, 5, why)?;
    fleet.slow_ones_end().await
}
