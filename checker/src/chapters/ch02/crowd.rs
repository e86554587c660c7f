//! When everybody comes at once: 847 who publish, fifty who log in, and a jam that outlasts everybody's patience.

use std::time::Duration;

use crate::{
    story::{Stop, failed, human},
    world::{World, http::Request, shed, storm},
};

/// Long enough that nobody is sent away for waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// 02:47:10: server unreachable.
pub async fn the_847(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("QUEUE_DEADLINE", "60s").start().await?;
    let authors = world.people_registered(site.door(), 3).await?;
    let why =
        "Each of them pressed a button and is owed an answer. A queue costs a little memory; an error costs a reader.";

    let jam = site.jams(world, &authors, 847, PATIENCE).await?;
    site.expect_healthy("It was asked while 847 people waited: the process lives, it is only busy.").await?;
    let after = jam.clears(world).await?;

    world.measured("answered well, of 847", after.answered_with(303) + after.answered_with(302));
    after.expect_all_published(why)?;
    after.expect_kept_as_told(&site, "What people were told is what has to be true afterwards.").await
}

/// Fifty people log in, and everybody who only wants to read waits for them.
pub async fn login_storm_leaves_feed_alone(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("QUEUE_DEADLINE", "60s").start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let hash = world.cost_of_a_login(&alice).await?;

    // As many readers as fit into the time that all fifty take on two cores, and more than a hundred.
    let reading = world.load(site.door().own_address()).of(alice.outgoing(&Request::get("/")));
    let reading = reading.rate(4.0 / hash.as_secs_f64()).lasting(hash * 30).starts()?;
    let storm = world.login_storm(site.door(), &alice, 50).await?;
    let moment = world.timeline().begin("meanwhile others read the feed");
    let readers = reading.ends().await?;
    moment.end(readers.to_string());
    let moment = world.timeline().begin("the fifty are in");
    storm::expect_all_in(&storm.answers().await?, "Fifty people with the right password are let in.")?;
    moment.end("50 × 303");

    // Whatever else kept this machine busy at first would count as patience of the readers.
    let hash = hash.min(world.cost_of_a_login(&alice).await?);
    let p99 = readers.p99();
    world.measured("feed p99 in a login storm ms", p99.as_millis() as u64);
    let all_served = readers.of_status(200) == readers.requests();
    if all_served && p99 < hash * 10 {
        return Ok(());
    }
    if all_served && p99.saturating_sub(readers.behind) < hash * 10 {
        // Without what the load itself was late, it would have been in time.
        readers.expect_on_time(hash * 5)?;
    }
    failed(
        format!("every reader gets the feed, p99 under ten hashes ({})", human(hash * 10)),
        readers.to_string(),
        "A hash takes 20 ms of a core, on purpose. Readers wait for it if it keeps one of the two threads that serve everybody, or \
         if those who log in wait for it with something in hand that readers need: a connection, a lock, a place.",
    )
}

/// The jam lasts longer than anybody waits, and nobody is told.
pub async fn sheds_what_waited_too_long(world: &mut World) -> Result<(), Stop> {
    let deadline = Duration::from_millis(400);
    let site = world.small_box().with("QUEUE_DEADLINE", "400ms").start().await?;
    // One after the other: nobody waits for a turn to hash that somebody else has.
    let mut authors = [world.somebody_registered(site.door()).await?, world.somebody_registered(site.door()).await?];

    let jam = site.jams(world, &authors, 20, deadline * 3 + PATIENCE / 30).await?;
    site.expect_healthy("It says that the process lives, and needs no turn for that, whoever else waits.").await?;
    let after = jam.outlasts(world).await?;
    after.expect_all_shed(world, deadline)?;

    let content = world.gossip();
    let why = "The jam is gone, and with it every reason to be sent away.";
    authors[0].publishes_and_reads(&content, why).await?;
    let why = "\"Come back later\" means that nothing has happened. Who comes back then says it twice.";
    after.expect_kept_as_told(&site, why).await?;

    // Behind nobody but the lock: who tries a few times and gives up is not slowed by others who try.
    let alone = site.jams(world, &authors, 1, deadline * 3 + PATIENCE / 30).await?;
    alone.outlasts(world).await?.expect_all_shed(world, deadline)?;

    let endless = world.somebody_endless(&site).await?;
    let _cores = world.endless_logins(site.door(), &endless, storm::more_than_turns()).await?;
    let nobody = world.someone(site.door())?;
    world.note(format!(
        "ten people log in, ten as {}, whom nobody knows, and five register; they find every turn to hash taken",
        nobody.name
    ));
    let waiting = world.logins(site.door(), &authors[0], 10, deadline * 3 + PATIENCE / 30).await?;
    let joining = world.registrations(site.door(), 5, deadline * 3 + PATIENCE / 30).await?;
    let as_nobody = world.logins(site.door(), &nobody, 10, deadline * 3 + PATIENCE / 30).await?;
    shed::expect_all(&waiting.answers().await?, "a core to hash on", world, deadline)?;
    shed::expect_all(&as_nobody.answers().await?, "a core to hash on, as nobody", world, deadline)?;
    shed::expect_all(&joining.answers().await?, "a core to hash a new password on", world, deadline)
}

/// The first ones wait longest.
pub async fn waiting_is_first_come(world: &mut World) -> Result<(), Stop> {
    let site = world.small_box().with("QUEUE_DEADLINE", "60s").start().await?;
    let author = world.somebody_registered(site.door()).await?;
    let contents: Vec<String> = (0..12).map(|_| world.gossip()).collect();

    let line = site.line_up(world, &author, &contents).await?;
    let overtaken = line.moves(world, &site).await?;

    world.measured("overtaken, of 66 pairs", overtaken);
    if overtaken <= 7 {
        return Ok(());
    }
    failed(
        "those who came first are served first (a tenth may be luck)",
        format!("in {overtaken} of 66 pairs the one who came later was served earlier"),
        "A queue in which luck decides has somebody in it who waits for ever.",
    )
}
