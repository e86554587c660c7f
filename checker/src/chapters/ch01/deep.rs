//! What production asks beyond that: double clicks, a table that grows, a crowd.

use super::crowd::{all_publish_at_once, expect_in_order};
use crate::{
    story::Stop,
    world::{World, http::Request},
};

/// One impatient click too many, and everybody reads it twice.
pub async fn double_click_is_one_post(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let content = world.gossip();
    let why = "A double click sends the same form twice. The form knows that it is the same.";

    let page = alice.visits("/").await.expect_page(why)?;
    let form = page.html.form_to("/post").unwrap_or_default();
    let request = Request::form("/post", &form, &[("content", &content), ("tag", "gossip")]);
    let (mut one, mut other) = (alice.clone(), alice.clone());
    let moment = world.timeline().begin(format!("{} clicks twice on Publish", alice.name));
    let (first, second) = tokio::join!(one.sends(&request), other.sends(&request));
    moment.end(format!("{}; {}", first.summary(), second.summary()));
    let third = alice.does(format!("{} clicks once more", alice.name), &request).await;

    for seen in [first, second, third] {
        seen.expect_redirect("Every click goes well, as far as she can see.")?;
    }
    alice.visits("/").await.expect_page(why)?.expect_times(&content, 1, why)?;
    alice.publishes(&content).await.expect_redirect("She may say it again, in a form of its own.")?;
    let feed = alice.visits("/").await.expect_page(why)?;
    feed.expect_times(&content, 2, "Saying the same again is not a double click.")?;

    let tagged = Request::form("/post", &form, &[("content", &content), ("tag", "corrected")]);
    let act = format!("{} goes back to the form, and publishes it with another tag", alice.name);
    alice.does(act, &tagged).await.expect_redirect("That is a fine gossip.")?;
    let feed = alice.visits("/").await.expect_page(why)?;
    feed.expect_times(&content, 3, "Another tag in the same form is another gossip, as another text is.")?;

    let told = world.gossip();
    let formless = Request::post("/post", &[("content", &told)]);
    for act in ["publishes without a form's id", "says it again, without one"] {
        alice.does(format!("{} {act}", alice.name), &formless).await.expect_redirect("No id is needed.")?;
    }
    let feed = alice.visits("/").await.expect_page(why)?;
    feed.expect_times(&told, 2, "What comes without a form's id is no double click: each is a gossip of its own.")
}

/// The feed grows with every post, until nobody can open it.
pub async fn a_thousand_posts_stay_bounded(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let posts: Vec<String> = (0..1000).map(|_| world.gossip()).collect();
    world.note("a thousand posts are published");
    site.database.add_posts(site.database.user_id(&alice.name).await?, &posts).await?;

    let why = "A page that grows with the table gets slower every day.";
    let newest: Vec<&String> = posts.iter().rev().take(50).collect();
    let feed = alice.visits("/").await.expect_page(why)?;
    world.measured("posts on the feed", feed.posts().len());
    feed.expect_at_most(50, why)?;
    feed.expect_newest_first(&newest)?;
    let profile = alice.visits(&format!("/u/{}", alice.name)).await.expect_page(why)?;
    world.measured("posts on a profile", profile.posts().len());
    profile.expect_at_most(50, why)?;
    profile.expect_newest_first(&newest)
}

/// Answers stand above their questions.
pub async fn order_holds_in_a_crowd(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut authors = Vec::new();
    for _ in 0..3 {
        authors.push(world.somebody_registered(site.door()).await?);
    }

    let told = all_publish_at_once(world, &authors).await?;

    world.measured("posts told at once", told.len());
    let feed = world.someone(site.door())?.visits("/").await.expect_page("The feed is for everybody.")?;
    expect_in_order(&feed, &told)
}
