//! Rows that are changed by hand, without a word to the site: whoever asked the database before does not know, and whoever
//! asks it after does.

use super::{
    World,
    database::{Database, NEWEST_POST, Value, contract, now},
    front::Front,
    site::Site,
};
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
        let mut connection = self.begin().await?;
        let (newest, _): (i64, String) = contract(connection.row(NEWEST_POST, &[]).await)?;
        let (last,): (i64,) = contract(connection.row("select max(created_at) from users", &[]).await)?;
        // The last to arrive, whatever the clock says.
        let arrives = now().max(last + 1);
        let statements: [(&str, &[Value]); 3] = [
            ("update posts set content = ?, tag = ? where id = ?", &[content.into(), tag.into(), newest.into()]),
            // Nobody can log in as this one: `!` is the hash of no password.
            ("insert into users (name, password_hash, created_at) values (?, '!', ?)", &[name.into(), arrives.into()]),
            (
                "insert into likes (post_id, user_id, created_at) select ?, id, 0 from users where name = ?",
                &[newest.into(), name.into()],
            ),
        ];
        for (sql, values) in statements {
            contract(connection.execute(sql, values).await)?;
        }
        connection.commit().await?;
        self.likes_of(content).await
    }
}
