//! Rows that are changed by hand, without a word to the site: whoever asked the database before does not know, and whoever
//! asks it after does.

use super::{World, database::Database, front::Front, site::Site};
use crate::story::Stop;

/// A change that all five blocks would show.
pub struct ByHand {
    content: String,
    tag: String,
    name: String,
    counts: [u64; 3],
    likes: u64,
}

impl Site {
    /// The newest gossip gets another text, another tag and a like; the one who likes it is new.
    pub async fn is_changed_by_hand(&self, world: &mut World) -> Result<ByHand, Stop> {
        world.note("a text, a tag, a user and a like are changed in the database, by hand");
        self.is_changed_quietly(world).await
    }

    /// The same without a word in the timeline, for whoever changes much.
    pub async fn is_changed_quietly(&self, world: &mut World) -> Result<ByHand, Stop> {
        let (content, tag, name) = (world.gossip(), world.tag(), world.name());
        let likes = self.database.rewrite_newest(&content, &tag, &name).await?;
        Ok(ByHand { content, tag, name, counts: self.database.counts().await?, likes })
    }
}

impl ByHand {
    /// A page shows all of it.
    pub fn expect_shown(&self, front: &Front, why: &str) -> Result<(), Stop> {
        front.expect_newest(&self.content, why)?;
        front.expect_likes(&self.content, self.likes, why)?;
        front.expect_top(&self.content, self.likes, why)?;
        front.expect_tag(&self.tag, 1, why)?;
        front.expect_arrived(&self.name, why)?;
        front.expect_counts(self.counts, why)
    }
}

impl Database {
    /// In one transaction; returns how many likes the newest gossip has then.
    async fn rewrite_newest(&self, content: &str, tag: &str, name: &str) -> Result<u64, Stop> {
        const NEWEST: &str = "(select id from posts order by created_at desc, id desc limit 1)";
        self.execute_all(&[
            (format!("update posts set content = ?, tag = ? where id = {NEWEST}"), &[content, tag]),
            // Nobody can log in as this one: `!` is the hash of no password. The last to arrive, whatever the clock says.
            (
                "insert into users (name, password_hash, created_at)
                 values (?, '!', max(unixepoch() * 1000, (select max(created_at) from users) + 1))"
                    .to_owned(),
                &[name],
            ),
            (
                format!(
                    "insert into likes (post_id, user_id, created_at) select {NEWEST}, id, 0 from users where name = ?"
                ),
                &[name],
            ),
        ])
        .await?;
        self.likes_of(content).await
    }
}
