//! What is expected of the site's database: texts as they were typed, and no secrets.

use super::{
    change::Change,
    database::Database,
    http::{Browser, quoted},
};
use crate::story::{Stop, failed};

impl Database {
    /// Each of these texts is in the table posts, sign for sign; `shared` is what tells them from other posts.
    pub async fn expect_kept_as_typed(&self, texts: &[String], shared: &str) -> Result<(), Stop> {
        let kept = self.posts().await?;
        let Some(missing) = texts.iter().find(|&text| !kept.iter().any(|post| post.content == *text)) else {
            return Ok(());
        };
        let others: Vec<_> = kept.iter().filter(|post| post.content.contains(shared)).collect();
        let similar = others.iter().find(|post| !texts.contains(&post.content));
        failed(
            format!("the database keeps {}", quoted(missing)),
            similar.map_or("it is not in the table posts".to_owned(), |post| {
                format!("it keeps {}", quoted(&post.content))
            }),
            "Text is kept as it was typed and made safe where it is shown: what is safe in HTML is garbage in a mail.",
        )
    }

    /// As many posts as there were.
    pub async fn expect_posts(&self, count: u64, why: &str) -> Result<(), Stop> {
        match self.count("posts").await? {
            kept if kept == count => Ok(()),
            kept => failed(format!("{count} posts are kept, as before"), format!("there are {kept}"), why),
        }
    }

    /// The gossip that this like is for is liked by so many.
    pub async fn expect_likes(&self, like: &Change, likes: u64, why: &str) -> Result<(), Stop> {
        let Change::Like { content, .. } = like else { return Ok(()) };
        match self.likes_of(content).await? {
            kept if kept == likes => Ok(()),
            kept => failed(format!("rows of it in the table likes: {likes}"), kept.to_string(), why),
        }
    }

    pub async fn expect_no_post(&self, content: &str, why: &str) -> Result<(), Stop> {
        if self.posts().await?.iter().any(|post| post.content == content) {
            return failed("nothing is published", "it is in the table posts", why);
        }
        Ok(())
    }

    /// A secret is in no column of any table, neither as text nor as bytes.
    pub async fn expect_without(&self, secret: &str, whose: &str, why: &str) -> Result<(), Stop> {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for (table, text) in self.everything().await? {
            if text.contains(secret) || text.to_lowercase().contains(&hex) {
                return failed(
                    format!("{whose} password is not in the database"),
                    format!("the table {table} has it"),
                    why,
                );
            }
        }
        Ok(())
    }
}

/// The password of [`VETERAN_HASH`].
const VETERAN_PASSWORD: &str = "the password of 2004";
/// Argon2id as 2004's program made it, with a salt that was drawn once for this constant.
const VETERAN_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$nMR4EC0gbahfHK9pQ9fo2g$/NW4Q4XPi+80FMGsF/I6mPzrh29hs8350+JenDoRaM8";

/// Some ten seconds of a core instead of 20 ms, since it takes a thousand passes and not two. It is nobody's password, and
/// that is known at the end only.
const ENDLESS_HASH: &str =
    "$argon2id$v=19$m=19456,t=1000,p=1$nMR4EC0gbahfHK9pQ9fo2g$/NW4Q4XPi+80FMGsF/I6mPzrh29hs8350+JenDoRaM8";

impl Database {
    /// The hash is as dear as the contract says: Argon2id, 19 MiB, two passes.
    pub async fn expect_dear_hash(&self, name: &str, why: &str) -> Result<(), Stop> {
        let hash = self.password_hash(name).await?;
        let parameters = hash.split('$').find(|part| part.starts_with("m=")).unwrap_or_default().to_owned();
        let parameter = |name: &str| {
            let value = parameters.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<u32>().ok()).unwrap_or(0)
        };
        if hash.starts_with("$argon2id$") && parameter("m") >= 19_456 && parameter("t") >= 2 {
            return Ok(());
        }
        failed("Argon2id with at least m=19456 KiB and t=2", quoted(&hash), why)
    }

    /// The same for a crowd.
    pub async fn expect_dear_hashes(&self, crowd: &[Browser], why: &str) -> Result<(), Stop> {
        for person in crowd {
            self.expect_dear_hash(&person.name, why).await?;
        }
        Ok(())
    }

    /// From now on, whoever logs in as this person keeps a core busy for many seconds.
    pub async fn make_hash_endless(&self, name: &str) -> Result<(), Stop> {
        self.execute("update users set password_hash = ? where name = ?", &[ENDLESS_HASH.into(), name.into()]).await?;
        Ok(())
    }

    /// Gives this person an account of 2004, with the hash that was made then.
    pub async fn add_veteran(&self, person: &mut Browser) -> Result<(), Stop> {
        person.password = VETERAN_PASSWORD.to_owned();
        let sql = "insert into users (name, password_hash, created_at) values (?, ?, 1077451200000)";
        self.execute(sql, &[(&person.name).into(), VETERAN_HASH.into()]).await?;
        Ok(())
    }
}
