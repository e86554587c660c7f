//! Links live longer than what they were made from.

use crate::{
    story::{Stop, failed},
    world::{
        World,
        filled::Many,
        listed::LENGTH,
        query::Of,
        table::{NOW, Size},
    },
};

/// Somebody kept a link, and the gossip at which its page began is gone.
pub async fn links_outlive_their_gossip(world: &mut World) -> Result<(), Stop> {
    let why = "A link says where a page begins. That is a place in the order, and stays one when nothing stands there.";
    let site = world.site().over(Size::Small).start().await?;
    let (name, text) = (world.name(), world.gossip());
    let author = site.database.add_user(&name).await?;
    site.database.add_many(Many { author, tag: "gossip", text: &text, numbers: 1..=120, at: NOW, apart: 1000 }).await?;
    let contents = site.database.list(&Of::User(author)).await?;

    let mut reader = world.someone(site.door())?;
    let Some(second) = reader.pages_on(&format!("/u/{name}"), 1).await?.older else {
        return failed("a link to what is older", "there is none", "She has 120 gossips.");
    };
    for at in [LENGTH - 1, LENGTH] {
        site.database.execute("delete from posts where content = ?", &[(&contents[at]).into()]).await?;
    }
    world.note("the last gossip of page one and the first of page two are deleted by hand");
    let page = reader.visits(&second).await.expect_page(why)?;
    page.expect_list(&contents[LENGTH + 1..][..LENGTH], why)
}
