//! Many who publish at once, and a feed that must agree with the order in which they were answered.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::{
    story::{Stop, failed},
    world::{
        World,
        http::{Browser, Page, quoted},
    },
};

/// A post, when it was sent, and when it was acknowledged.
pub struct Told {
    content: String,
    sent: Instant,
    acknowledged: Instant,
}

/// Each author publishes from two browsers at once, four posts from each, one after the other.
pub async fn all_publish_at_once(world: &mut World, authors: &[Browser]) -> Result<Vec<Told>, Stop> {
    let mut writing = JoinSet::new();
    for author in authors.iter().flat_map(|author| [author, author]) {
        let posts = [world.gossip(), world.gossip(), world.gossip(), world.gossip()];
        writing.spawn(tells(author.clone(), posts));
    }
    let mut told = Vec::new();
    while let Some(posts) = writing.join_next().await {
        told.extend(posts??);
    }
    Ok(told)
}

async fn tells(mut author: Browser, posts: [String; 4]) -> Result<Vec<Told>, Stop> {
    let mut told = Vec::new();
    for content in posts {
        let sent = Instant::now();
        author.publishes(&content).await.expect_redirect("A crowd is no reason to refuse.")?;
        told.push(Told { content, sent, acknowledged: Instant::now() });
    }
    Ok(told)
}

/// All of them are there, and none stands above one that was sent after its author had been answered.
pub fn expect_in_order(feed: &Page, told: &[Told]) -> Result<(), Stop> {
    let mut places = Vec::new();
    for post in told {
        places.push((post, feed.expect_post(&post.content, "The feed shows the newest posts.")?));
    }
    for (earlier, above) in &places {
        let overtaken = |(later, below): &&(&Told, usize)| earlier.acknowledged < later.sent && above < below;
        if let Some((later, _)) = places.iter().find(overtaken) {
            return failed(
                "what was acknowledged before another was sent stands below it",
                format!("{} stands above {}, which came after it", quoted(&earlier.content), quoted(&later.content)),
                "Newest first, whoever writes at the same time: else an answer stands below its question.",
            );
        }
    }
    Ok(())
}
