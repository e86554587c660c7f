//! What worked in a small table, and has to go on working: every row is there, writing stays cheap, and nobody's data is lost.

use crate::{
    chapters::earlier,
    story::{Stop, failed},
    world::{
        World,
        filled::Many,
        http::Request,
        query::Of,
        table::{BEGAN, NOW, Size},
    },
};

/// Fifty gossips of the same millisecond, and the page ends among them: the others are never seen.
pub async fn pages_have_every_gossip(world: &mut World) -> Result<(), Stop> {
    let why = "Whoever follows the links to the end has seen each gossip once, in order: newest first, and by id where the time is the same.";
    let site = world.site().over(Size::Small).start().await?;
    let (name, tag) = (world.name(), world.tag());
    let author = site.database.add_user(&name).await?;
    let add = async |text: &str, numbers, at, apart| {
        site.database.add_many(Many { author, tag: &tag, text, numbers, at, apart }).await
    };
    let (plain, twins, late) = (world.gossip(), world.gossip(), world.gossip());
    add(&plain, 1..=30, NOW, 1000).await?;
    add(&twins, 1..=90, NOW - 1, 0).await?;
    // What was told long ago may have been written down last.
    add(&late, 1..=30, BEGAN, 977).await?;
    world.note(format!("{name} has 150 gossips in #{tag}, 90 of them of the same millisecond"));

    let mut reader = world.someone(site.door())?;
    for (list, of) in [(format!("/u/{name}"), Of::User(author)), (format!("/tag/{tag}"), Of::Tag(tag.clone()))] {
        let contents = site.database.list(&of).await?;
        reader.pages_on(&list, 10).await?.expect_whole(&contents, why)?;
    }
    let regular = world.regular();
    for (list, of) in [
        (format!("/u/{}", regular.name), Of::User(regular.id)),
        (format!("/tag/{}", regular.tag), Of::Tag(regular.tag)),
    ] {
        let contents = site.database.list(&of).await?;
        reader.pages_on(&list, 20).await?.expect_whole(&contents, why)?;
    }
    Ok(())
}

/// A link was cut in two by an e-mail program.
pub async fn mistyped_links_are_no_error(world: &mut World) -> Result<(), Stop> {
    let why = "What stands in an address is typed by anybody. A mistake there is the reader's, and no error of ours.";
    let site = world.site().over(Size::Small).start().await?;
    let regular = world.regular();
    let mut reader = world.someone(site.door())?;
    for list in [format!("/u/{}", regular.name), format!("/tag/{}", regular.tag)] {
        let link = reader.pages_on(&list, 1).await?.older.unwrap_or_default();
        let Some(at) = link.find('=').or_else(|| link.rfind('/')) else {
            return failed("a link to what is older", "there is none", "There are more than fifty.");
        };
        let (before, value) = link.split_at(at + 1);
        let half: String = value.chars().take(value.chars().count() / 2).collect();
        for value in ["", "x", "-1", "0", "%00", "%F0%9F%8D%9C", "99999999999999999999", "1'--", &half] {
            let page = reader.sends(&Request::get(&format!("{before}{value}"))).await.expect_answer(why)?;
            if page.status.is_server_error() {
                return failed(format!("{before}{value}: a page, or a 4xx"), page.summary(), why);
            }
        }
    }
    Ok(())
}

/// Reading is quick, and every new gossip is written into six indexes.
pub async fn writes_pay_little(world: &mut World) -> Result<(), Stop> {
    /// Three indexes, each with the pages that are split now and then, and some room.
    const MOST: f64 = 4.5;
    let why = "Every write must update every index. Index what you query on, and nothing else.";
    world.expect_every_index_needed(why).await?;
    let (bare, built) = world.pages_written_per_post().await?;
    world.measured("pages written for a gossip", (built * 10.0).round() / 10.0);
    if built - bare <= MOST {
        return Ok(());
    }
    let expected = format!("at most {MOST} pages more for each gossip than the {bare:.1} of a table without an index");
    failed(expected, format!("{:.1} more", built - bare), why)
}

/// On the developer's empty database, the migration was perfect.
pub async fn migrates_live_data(world: &mut World) -> Result<(), Stop> {
    let why =
        "There is one database, and it has everybody's gossip in it. A migration adds to what was applied before.";
    world.expect_live_data_stays(Size::Small, why).await
}

/// The profile is quick, since it is an hour old.
pub async fn pages_are_not_remembered(world: &mut World) -> Result<(), Stop> {
    let why = "Only the five blocks of the front page may be remembered. These pages are what the database says now.";
    let site = world.patient_site(2).start().await?;
    let mut alice = world.somebody_registered(site.app(0)).await?;
    let (tag, first) = (world.tag(), world.gossip());
    let lists = [format!("/u/{}", alice.name), format!("/tag/{tag}")];
    let fields = [("content", first.as_str()), ("tag", tag.as_str())];
    for server in &site.apps {
        world.someone(server)?.visits(&lists[0]).await.expect_page("She has a profile.")?;
    }
    alice
        .fills_in("publishes a gossip", "/", "/post", &fields)
        .await
        .expect_redirect("Alice has something to tell.")?;
    let mut now = first;
    for _ in 0..2 {
        for server in &site.apps {
            for list in &lists {
                let page = world.someone(server)?.visits(list).await.expect_page("It is there for everybody.")?;
                page.expect_post(&now, why)?;
            }
        }
        let next = world.gossip();
        world.note("its text is changed in the database, by hand");
        site.database
            .execute("update posts set content = ? where content = ?", &[(&next).into(), (&now).into()])
            .await?;
        now = next;
    }
    Ok(())
}

/// A new pattern quietly breaks an old promise.
pub async fn earlier_promises(world: &mut World) -> Result<(), Stop> {
    let site = world.site().balancer().redis().with("CACHE_TIMEOUT", "5s").start().await?;
    earlier::hold(world, &site).await
}
