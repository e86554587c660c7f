//! What was fine before the crowd came, and must be fine with a queue: quiet days, slow phones, dear passwords.

use std::time::Duration;

use futures_util::future::try_join;

use crate::{
    chapters::earlier,
    story::{Stop, failed, human},
    world::{World, storm},
};

const MIB: u64 = 1024 * 1024;

/// Nobody is there, and somebody is sent away.
pub async fn quiet_day_is_never_shed(world: &mut World) -> Result<(), Stop> {
    let deadline = Duration::from_millis(300);
    let impatient = world.small_box().with("QUEUE_DEADLINE", "300ms").start().await?;
    let author = world.somebody_registered(impatient.door()).await?;
    let content = world.gossip();
    let slow_line = impatient.publishes_over_a_slow_line(&author, &content, deadline * 2);

    let quiet_days = async {
        let why = "No more people than DB_CONNECTIONS are here. Nobody waits, so nobody is sent away.";
        let site = world.small_box().with("DB_CONNECTIONS", "4").with("QUEUE_DEADLINE", "6s").start().await?;
        let people = world.people_registered(site.door(), 4).await?;
        site.lives_a_quiet_day(world, &people, 3, why).await?;

        let site = world.small_box().with("DB_CONNECTIONS", "1").with("QUEUE_DEADLINE", "6s").start().await?;
        let lonely = world.people_registered(site.door(), 1).await?;
        site.lives_a_quiet_day(world, &lonely, 1, why).await
    };

    // The line is slow while the others have their quiet days.
    let (seen, ()) = try_join(slow_line, quiet_days).await?;
    let why = "The form took twice QUEUE_DEADLINE to arrive. That was the line's fault, and no queue: nobody waited for a turn.";
    seen.expect_redirect(why)?;
    Ok(())
}

/// They want to read, and stand behind those who want to write.
pub async fn readers_pass_the_jam(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("DB_CONNECTIONS", "4").with("QUEUE_DEADLINE", "60s").start().await?;
    let authors = world.people_registered(site.door(), 2).await?;
    let why = "Whoever writes waits for the write lock, and nobody else needs it. Nine in ten only read.";

    let jam = site.jams(world, &authors, 16, Duration::from_secs(60)).await?;
    jam.expect_feed_for(world, &site, &authors[0], why).await?;
    jam.clears(world).await?;
    Ok(())
}

/// They have left, and their places stay taken.
pub async fn who_left_holds_no_place(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("DB_CONNECTIONS", "4").with("QUEUE_DEADLINE", "6s").start().await?;
    let people = world.people_registered(site.door(), 2).await?;

    let jam = site.jams(world, &people, 60, Duration::from_secs(60)).await?;
    jam.breaks_up(world).await?;

    let why = "Sixty have left, and two are here. A request whose client leaves ends where it stands: what it had comes back if \
               something gives it back by being dropped, and not if a later line does.";
    site.lives_a_quiet_day(world, &people, 1, why).await
}

/// Somebody reads in a tunnel, and the whole site waits for him.
pub async fn slow_readers_hold_no_place(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("DB_CONNECTIONS", "1").with("QUEUE_DEADLINE", "60s").start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let long: Vec<String> = (0..50).map(|number| format!("{number} {}", "🍜".repeat(490))).collect();
    site.database.add_posts(site.database.user_id(&alice.name).await?, &long).await?;

    let _readers = world.slow_readers(site.door(), "/", 3).await?;
    let _writers = world.slow_writers(site.door(), &alice, 6).await?;

    let why =
        "A form on its way is no work yet, and a page on its way is none any more. Others need what it would hold.";
    world.someone(site.door())?.visits("/").await.expect_page(why)?;
    alice.visits("/").await.expect_page(why)?.expect_greets(&alice.name, why)?;
    alice.publishes("through the tunnel").await.expect_redirect(why)?;
    Ok(())
}

/// The storm is weathered with a hash that a thief cracks in an afternoon.
pub async fn hashes_are_not_weakened(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("QUEUE_DEADLINE", "60s").start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let crowd = world.people_registered(site.door(), 12).await?;
    let why = "Speed comes from where a hash runs, not from what it is. A cheaper one is cheaper for whoever steals the table.";

    site.database.expect_dear_hash(&alice.name, why).await?;
    site.database.expect_dear_hashes(&crowd, why).await?;

    let mut veteran = world.someone(site.door())?;
    site.database.add_veteran(&mut veteran).await?;
    veteran.logs_in().await.expect_redirect("People who registered in 2004 still log in, with the hash of 2004.")?;
    Ok(())
}

/// Who has a clock learns which names exist.
pub async fn unknown_names_cost_the_same(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let nobody = world.someone(site.door())?;

    let moment = world.timeline().begin(format!("logins as {} and as {} in turn, all wrong", alice.name, nobody.name));
    let [known, unknown] = world.costs_of_refusals(&alice, [&alice.name, &nobody.name]).await?;
    moment.end(format!("{} and {}", human(known), human(unknown)));

    world.measured("refusing a known name ms", known.as_millis() as u64);
    world.measured("refusing an unknown name ms", unknown.as_millis() as u64);
    if unknown * 3 > known && known * 3 > unknown {
        return Ok(());
    }
    failed(
        format!("a login as nobody takes what a wrong password takes ({})", human(known)),
        human(unknown),
        "The difference is a list of your users, for whoever has a clock and some patience.",
    )
}

/// Dozens of logins, 19 MiB each, and the machine swaps.
pub async fn memory_is_bounded(world: &mut World) -> Result<(), Stop> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let site = world.small_box().memory_comes_back().with("QUEUE_DEADLINE", "60s").start().await?;
    let endless = world.somebody_endless(&site).await?;
    let why = "A hash needs 19 MiB while it runs, and it runs on when its client has left. What bounds the memory is how many \
               run at once: threads bound nothing, and whoever waits needs none.";

    world.endless_logins_given_up(site.door(), &endless, storm::more_than_turns()).await?;
    let _waiting = world.endless_logins(site.door(), &endless, storm::more_than_turns()).await?;

    let limit = 256 + 20 * cores as u64;
    let peak = site.door().process().peak_memory() / MIB;
    world.measured("peak memory MiB", peak);
    if peak <= limit { Ok(()) } else { failed(format!("at most {limit} MiB"), format!("{peak} MiB"), why) }
}

/// An old promise breaks under a new queue.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().start().await?;
    earlier::hold(world, &site).await
}
