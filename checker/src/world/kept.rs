//! What is expected of the site's database: texts as they were typed, and no secrets.

use super::{database::Database, http::quoted};
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
