//! What a query reads, and in which order: seen in its plan, in its steps, and by whoever waits for the page.

use futures_util::future::try_join;

use crate::{
    story::{Stop, failed},
    world::{
        World,
        filled::Many,
        listed::LENGTH,
        query::{Of, Which},
        table::{NOW, Size},
    },
};

/// Somebody opens a profile, and the database reads everything that anybody ever said.
pub async fn profile_reads_only_its_rows(world: &mut World) -> Result<(), Stop> {
    let why = "Whoever looks for one user's posts must not read everybody's. The table grows every day, and the user does not.";
    let readings = world.asks_for_user_42(Which::All).await?;
    world.measured("rows read to find 847", readings.whole().rows());
    readings.expect_only_what_is_found(why)?;
    world.asks_for_a_regular(Which::All).await?.expect_only_what_is_found(why)?;
    world.asks_for_a_regular(Which::Newest).await?.expect_only_what_is_found(why)?;

    let page = format!("/u/{}", world.regular().name);
    world.expect_page_as_quick_in_a_large_table(&page, why).await
}

/// 847 rows are found, all of them are sorted, and fifty are shown.
pub async fn no_sort_step(world: &mut World) -> Result<(), Stop> {
    let why = "A page shows the newest fifty. Where they stand in this order, the fifty-first need not be read.";
    let readings = world.asks_for_user_42(Which::Newest).await?;
    world.measured("steps to the newest 50 of 847", readings.whole().steps);
    readings.expect_no_sort(why)?;
    world.asks_for_a_regular(Which::Newest).await?.expect_no_sort(why)?;
    world.asks_for_a_regular(Which::Older).await?.expect_no_sort(why)
}

/// Profiles are quick, and whoever clicks on a tag waits for the whole table.
pub async fn tag_page_too(world: &mut World) -> Result<(), Stop> {
    let why = "A tag is looked for as a user is, and its table grows as fast.";
    let readings = world.asks_for_a_tag(Which::All).await?;
    world.measured("rows read to find a tag's", readings.whole().rows());
    readings.expect_only_what_is_found(why)?;
    for which in [Which::Newest, Which::Older] {
        let readings = world.asks_for_a_tag(which).await?;
        readings.expect_only_what_is_found(why)?;
        readings.expect_no_sort("A tag's page shows the newest fifty as well.")?;
    }

    let page = format!("/tag/{}", world.regular().tag);
    world.expect_page_as_quick_in_a_large_table(&page, why).await
}

/// Page eighty reads the seventy-nine before it, and throws them away.
pub async fn page_eighty_is_as_fast(world: &mut World) -> Result<(), Stop> {
    const BEFORE: usize = 79;
    const POSTS: i64 = 4_200;
    const MORE: i64 = 100_000;
    /// Of a busy machine; each page has fifty gossips.
    const TIMES: u32 = 5;
    let (name, tag, text) = (world.name(), world.tag(), world.gossip());
    let why = "A link to a page says where that page begins. Whoever counts rows from the top reads all of them, and begins elsewhere as soon as somebody publishes.";
    let site = world.site().over(Size::Small).start().await?;
    let author = site.database.add_user(&name).await?;
    let many = Many { author, tag: &tag, text: &text, numbers: 1..=POSTS, at: NOW, apart: 1000 };
    site.database.add_many(many.clone()).await?;
    let contents = site.database.list(&Of::User(author)).await?;
    world.note(format!("{name} has 4,200 gossips, all of them in #{tag}"));

    let mut reader = world.someone(site.door())?;
    let lists = [format!("/u/{name}"), format!("/tag/{tag}")];
    let mut other = reader.another()?;
    let walks = try_join(reader.pages_on(&lists[0], BEFORE), other.pages_on(&lists[1], BEFORE)).await?;
    let (Some(profile), Some(tagged)) = (walks.0.older, walks.1.older) else {
        return failed(
            format!("a link on page {BEFORE} to what is older"),
            "there is none",
            "There are 4,200 gossips, and whoever wants to see the first one follows the links.",
        );
    };
    let firsts = [reader.fastest(&lists[0]).await?, reader.fastest(&lists[1]).await?];
    let more = Many { numbers: POSTS + 1..=POSTS + MORE, at: NOW + POSTS * 1000, apart: 1, ..many };
    site.database.add_many(more).await?;
    world.note(format!("{name} publishes 100,000 more"));
    for (what, eighty, first) in [("profile", &profile, &firsts[0]), ("tag", &tagged, &firsts[1])] {
        let page = reader.visits(eighty).await.expect_page("It is a link of the page.")?;
        page.expect_list(&contents[BEFORE * LENGTH..][..LENGTH], why)?;
        let took = reader.expect_as_quick(eighty, first, TIMES, why).await?;
        world.measured(&format!("page eighty of a {what} ms"), took.as_secs_f64() * 1e3);
    }
    Ok(())
}
