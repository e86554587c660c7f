//! Near everybody, and right: an address for each content, kept where it is asked for, confirmed in a few bytes, fetched
//! once.

use crate::{
    story::Stop,
    world::{
        World,
        files::{CSS, SVG},
        origin::Exhibit,
        wire::Ask,
    },
};

/// The page is new, and its stylesheet is last week's.
pub async fn deploy_is_seen_at_once(world: &mut World) -> Result<(), Stop> {
    let mut files = world.files()?;
    let site = world.site_of(&files).start().await?;
    let cities = world.cities(site.door().address()).await?;
    let mut people = world.a_reader_each(&cities)?;
    let why =
        "A page and what belongs to it are of one version, whatever a browser or an edge has kept of another one.";

    let first = people.open(&cities).await?;
    first.expect_current(&files, why)?;

    files.is_deployed(world, CSS)?;
    site.door().is_restarted().await?;
    let second = people.open(&cities).await?;
    second.expect_current(&files, why)?;
    second.expect_addresses_of(&first, &[SVG], "What did not change need not be fetched again, by anybody.")?;

    files.is_rolled_back(world, CSS)?;
    site.door().is_restarted().await?;
    people.open(&cities).await?.expect_current(&files, why)?;

    let other = site.is_joined_with(world, files.copied(world)?).await?;
    let cities = [world.city(other.address()).start().await?];
    let there = world.a_reader_each(&cities)?.open(&cities).await?;
    let why = "The same files, copied at another time: servers that name them differently make two of each for everybody \
               who keeps one.";
    there.expect_addresses_of(&first, &[CSS, SVG], why)
}

/// Everybody in Tokyo waits for Singapore, for a file that everybody in Tokyo has just had.
pub async fn second_visit_is_local(world: &mut World) -> Result<(), Stop> {
    let files = world.files()?;
    let site = world.site_of(&files).start().await?;
    let cities = world.cities(site.door().address()).await?;
    let mut people = world.a_reader_each(&cities)?;
    let mut others = world.a_reader_each(&cities)?;
    let whose =
        "What the origin has said to the first reader of a city, the edge there says to all others, whoever they are.";
    let own = "What has a fingerprint in its address never changes: whoever has it need not ask for a month at least.";

    others.join().await?;
    let first = people.open(&cities).await?;
    let second = others.open(&cities).await?;
    world.measured("ms for a stylesheet that the city has had", second.slowest(CSS));

    let mut strangers = world.a_reader_each(&cities)?;
    let local = strangers.open_without_home(&cities, whose).await?;
    local.expect_current(&files, whose)?;
    let mut loyal = others;
    loyal.forget_copies();
    loyal.open_without_home(&cities, whose).await?.expect_current(&files, whose)?;
    first.expect_good_for_a_month(own)?;
    people.open(&cities).await?.expect_from_own_copies(own)
}

/// The file is the same, and crosses the ocean again.
pub async fn not_modified(world: &mut World) -> Result<(), Stop> {
    let mut files = world.files()?;
    let site = world.site_of(&files).start().await?;
    let other = site.is_joined_with(world, files.copied(world)?).await?;
    let city = world.city(site.door().address()).start().await?;
    let why = "Whoever has it asks whether it is still right, on any server: 304 says so, and nothing has to be sent.";

    let tag = site.door().tells_tag(CSS, why).await?;
    other.expect_not_modified(CSS, &tag, why).await?;
    let picture = site.door().tells_tag(SVG, why).await?;
    other.expect_not_modified(SVG, &picture, why).await?;

    city.edge.expect_whole(&files, CSS, None, why).await?;
    let crossed = city.bytes_from_home();
    city.edge.expect_whole(&files, CSS, None, why).await?;
    city.expect_few_bytes_since(crossed, &files, CSS)?;
    city.edge.expect_not_modified(CSS, &tag, why).await?;

    files.is_deployed(world, CSS)?;
    site.door().is_restarted().await?;
    let why = "It has another content, and the length and the time of the old one: those say nothing.";
    site.door().expect_whole(&files, CSS, Some(&tag), why).await?;
    city.edge.expect_whole(&files, CSS, Some(&tag), why).await
}

/// Fifty people open the site in one second, and fifty copies of one file cross the ocean.
pub async fn many_at_once_is_one(world: &mut World) -> Result<(), Stop> {
    const PATH: &str = "/static/gossip.svg";
    let origin = world.origin().await?;
    let text = world.gossip();
    origin.has(PATH, Exhibit::text(&text).keeps(600).tagged());
    let tokyo = world.city(origin.address()).start().await?;
    let frankfurt = world.city(origin.address()).named("Frankfurt").start().await?;
    let why = "They all want the same. One asks, and the others wait for that answer.";

    let crowd = tokyo.crowd_asks(world, 50, PATH, &origin).await?;
    world.measured("times the origin was asked, by 50 at once", origin.asked(PATH));
    origin.expect_asked(PATH, 1, "for 50 who ask at once", why)?;
    origin.goes_on();
    crowd.expect_all_hear(&text, why).await?;
    origin.expect_asked(PATH, 1, "for 50 who asked at once", why)?;

    let crowd = frankfurt.crowd_asks(world, 50, PATH, &origin).await?;
    origin.goes_on();
    crowd.expect_all_hear(&text, why).await?;
    origin.expect_asked(PATH, 2, "for 50 in each of two cities", why)?;
    tokyo.expect(Ask::get(PATH), &text, why).await
}
