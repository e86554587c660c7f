//! What a server says of a static file, asked by somebody who stands next to it and knows exactly what they say.

use super::{
    World,
    files::{CSS, Files},
    reader::addresses,
    site::Server,
    wire::{Ask, Letter},
};
use crate::story::{Failure, Stop};

impl Server {
    /// Asks over a new connection, and tells it.
    pub async fn asks(&self, ask: Ask, why: &str) -> Result<Letter, Stop> {
        self.wire(self.timeline()).await?.expect(ask, why).await
    }

    fn is_wrong<T>(&self, expected: impl Into<String>, saw: impl Into<String>, why: &str) -> Result<T, Stop> {
        Err(Stop::Failed(Failure::new(expected, saw, why).of(self.name())))
    }

    /// The tag of a file, by its plain name.
    pub async fn tells_tag(&self, name: &str, why: &str) -> Result<String, Stop> {
        let letter = self.asks(Ask::get(format!("/static/{name}")), why).await?;
        letter.expect_status(200, why)?;
        match letter.header("etag") {
            Some(tag) => Ok(tag.to_owned()),
            None => self.is_wrong(format!("{name} has an ETag"), "it has none", why),
        }
    }

    /// Who has what is tagged so is told that it is still right, and nothing else.
    pub async fn expect_not_modified(&self, name: &str, tag: &str, why: &str) -> Result<(), Stop> {
        let ask = Ask::get(format!("/static/{name}")).with("if-none-match", tag);
        let letter = self.asks(ask, why).await?;
        match (letter.status.as_u16(), letter.body.len()) {
            (304, 0) => Ok(()),
            (status, bytes) => {
                let own = letter.header("etag").unwrap_or("none");
                let expected = format!("304 from {} for {name}, to somebody who has {tag}", self.name());
                self.is_wrong(expected, format!("{status}, {bytes} bytes; its tag is {own}"), why)
            }
        }
    }

    /// The file by its plain name, as it is now, also for somebody who has another version.
    pub async fn expect_whole(&self, files: &Files, name: &str, tag: Option<&str>, why: &str) -> Result<(), Stop> {
        let ask = Ask::get(format!("/static/{name}"));
        self.expect_now(files, name, tag.into_iter().fold(ask, |ask, tag| ask.with("if-none-match", tag)), why).await
    }

    /// Whoever asks so has the file as it is now.
    pub async fn expect_now(&self, files: &Files, name: &str, ask: Ask, why: &str) -> Result<(), Stop> {
        let letter = self.asks(ask, why).await?;
        let now = files.content(name);
        if letter.status == 200 && letter.body == now {
            return Ok(());
        }
        let expected = format!("{name} as it is now, {}, from {}", files.version_of(name, &now), self.name());
        let saw = match letter.status.as_u16() {
            200 => files.version_of(name, &String::from_utf8_lossy(&letter.body)),
            304 => "304, and nothing else".to_owned(),
            status => status.to_string(),
        };
        self.is_wrong(expected, saw, why)
    }

    /// Where its front page has the stylesheet.
    pub async fn names(&self, world: &mut World) -> Result<String, Stop> {
        let mut reader = world.someone(self)?;
        let page = reader.visits("/").await.expect_page("The feed is for everybody.")?;
        let [(name, address), _] = addresses(&page.html)?;
        debug_assert_eq!(name, CSS);
        Ok(address)
    }
}

impl Letter {
    /// Nobody may use it again without asking.
    pub fn expect_not_kept(&self, why: &str) -> Result<(), Stop> {
        let said = self.all("cache-control").join(", ").to_ascii_lowercase();
        let directives: Vec<&str> = said.split(',').map(str::trim).collect();
        let forbids = directives.iter().any(|one| matches!(*one, "no-store" | "no-cache"));
        let lasts = directives.iter().any(|one| {
            let seconds = one.strip_prefix("max-age=").or(one.strip_prefix("s-maxage="));
            *one == "immutable" || seconds.is_some_and(|seconds| seconds.parse() != Ok(0_u64))
        });
        if forbids || !lasts {
            return Ok(());
        }
        let saw = format!("{}, and Cache-Control: {said}", self.status.as_u16());
        crate::story::failed("an answer that nobody keeps", saw, why)
    }
}
