//! The front page as chapter 05 has it: five blocks, the same for everybody, as a stranger reads them.

use super::{
    html::{Element, Part},
    http::{Browser, Page, Request, Seen, quoted},
    page::collapsed,
    site::Server,
};
use crate::story::{Failure, Stop, failed};

/// What the five blocks of a page say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// The server that showed it.
    pub shown_by: String,
    blocks: Blocks,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Blocks {
    newest: Vec<Line>,
    top: Vec<Line>,
    tags: Vec<Line>,
    new_users: Vec<Line>,
    counts: Vec<Line>,
}

/// An entry of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    text: String,
    /// Where likes are counted.
    likes: Option<u64>,
}

impl Server {
    /// What the front page says to somebody who is not logged in.
    pub async fn shows(&self) -> Result<Front, Stop> {
        self.shows_when("").await
    }

    /// The same, said to have been asked then.
    pub async fn shows_when(&self, when: &str) -> Result<Front, Stop> {
        let moment = self.timeline().begin(format!("a stranger opens / on {}{when}", self.name()));
        let seen = self.is_asked_for_its_front().await?;
        moment.end(seen.summary());
        self.front_of(&seen)
    }

    /// The same without a word in the timeline, for whoever looks often.
    pub async fn shows_quietly(&self) -> Result<Front, Stop> {
        self.front_of(&self.is_asked_for_its_front().await?)
    }

    async fn is_asked_for_its_front(&self) -> Result<Seen, Stop> {
        Ok(self.stranger()?.sends(&Request::get("/")).await)
    }

    /// Somebody who is not logged in, with connections of their own.
    pub fn stranger(&self) -> anyhow::Result<Browser> {
        Browser::new("a stranger".to_owned(), String::new(), self.address(), self.stage())
    }

    /// What a page of this server says in its blocks.
    pub fn front_of(&self, seen: &Seen) -> Result<Front, Stop> {
        let page = seen.expect_page("The front page is for everybody.").map_err(|stop| self.is_at_fault(stop))?;
        let blocks = Blocks::of(&page).map_err(|stop| self.is_at_fault(stop))?;
        Ok(Front { shown_by: self.name().to_owned(), blocks })
    }

    /// This server did it.
    pub fn is_at_fault(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(failure) => Stop::Failed(failure.of(self.name())),
            broken @ Stop::Broken(_) => broken,
        }
    }
}

impl Front {
    /// All five blocks say what they say on another page.
    pub fn expect_as(&self, other: &Front, why: &str) -> Result<(), Stop> {
        let Some((block, expected, saw)) = self.blocks.difference(&other.blocks) else { return Ok(()) };
        let (ours, theirs) = (&self.shown_by, &other.shown_by);
        self.failed(format!("{ours} shows in {block} what {theirs} showed: {expected}"), format!("it shows {saw}"), why)
    }

    pub fn is_as(&self, other: &Front) -> bool {
        self.blocks == other.blocks
    }

    /// The newest gossip is this one.
    pub fn expect_newest(&self, content: &str, why: &str) -> Result<(), Stop> {
        let newest = self.blocks.newest.first();
        if newest.is_some_and(|line| line.text.contains(&collapsed(content))) {
            return Ok(());
        }
        self.failed(format!("the newest gossip on {} is {}", self.shown_by, quoted(content)), Line::told(newest), why)
    }

    /// So many likes under this gossip.
    pub fn expect_likes(&self, content: &str, likes: u64, why: &str) -> Result<(), Stop> {
        self.expect_count("the feed", &self.blocks.newest, content, likes, why)
    }

    /// Among the most liked, with so many likes.
    pub fn expect_top(&self, content: &str, likes: u64, why: &str) -> Result<(), Stop> {
        self.expect_count("the most liked", &self.blocks.top, content, likes, why)
    }

    /// Among the trending tags, with so many gossips.
    pub fn expect_tag(&self, tag: &str, uses: u64, why: &str) -> Result<(), Stop> {
        let expected = format!("#{tag} {uses}");
        if self.blocks.tags.iter().any(|line| line.text == expected) {
            return Ok(());
        }
        let found = self.blocks.tags.iter().find(|line| line.text.starts_with(&format!("#{tag} ")));
        let saw = found.map_or_else(|| format!("no #{tag} there"), |line| quoted(&line.text));
        self.failed(format!("“{expected}” among the tags on {}", self.shown_by), saw, why)
    }

    /// The one who arrived last.
    pub fn expect_arrived(&self, name: &str, why: &str) -> Result<(), Stop> {
        let newest = self.blocks.new_users.first();
        if newest.is_some_and(|line| line.text == name) {
            return Ok(());
        }
        self.failed(format!("the newest user on {} is {name}", self.shown_by), Line::told(newest), why)
    }

    /// The numbers of users, of gossips and of likes.
    pub fn expect_counts(&self, counts: [u64; 3], why: &str) -> Result<(), Stop> {
        let told = |counts: &[String]| counts.join(", ");
        let expected = counts.map(|count| count.to_string());
        let shown: Vec<_> = self.blocks.counts.iter().map(|line| line.text.clone()).collect();
        if shown == expected {
            return Ok(());
        }
        let expected = format!("users, gossips and likes on {} are {}", self.shown_by, told(&expected));
        self.failed(expected, format!("they are {}", told(&shown)), why)
    }

    fn expect_count(&self, block: &str, lines: &[Line], content: &str, likes: u64, why: &str) -> Result<(), Stop> {
        let content = collapsed(content);
        let told = format!("{likes} {}", if likes == 1 { "like" } else { "likes" });
        let expected = format!("in {block} on {}, {} has {told}", self.shown_by, quoted(&content));
        match lines.iter().find(|line| line.text.contains(&content)) {
            Some(line) if line.likes == Some(likes) => Ok(()),
            Some(Line { likes: Some(likes), .. }) => self.failed(expected, format!("it has {likes}"), why),
            Some(Line { likes: None, .. }) => self.failed(expected, "no number of likes (class=\"likes\")", why),
            None => self.failed(expected, "it is not there", why),
        }
    }

    fn failed<T>(&self, expected: String, saw: impl Into<String>, why: &str) -> Result<T, Stop> {
        Err(Stop::Failed(Failure::new(expected, saw, why).of(&self.shown_by)))
    }
}

impl Blocks {
    fn of(page: &Page) -> Result<Blocks, Stop> {
        let section = |id, tag| -> Result<Vec<Line>, Stop> {
            let Some(section) = page.html.part(id) else {
                return failed(
                    format!("the front page has an element with id \"{id}\""),
                    "it has none",
                    "The front page has five blocks, and the contract says how they are found.",
                );
            };
            Ok(section.all(tag).map(Line::of).collect())
        };
        Ok(Blocks {
            newest: page.html.parts("article").map(Line::of).collect(),
            top: section("top", "li")?,
            tags: section("tags", "li")?,
            new_users: section("new-users", "li")?,
            counts: section("counts", "dd")?,
        })
    }

    /// The first block that differs, and what it says in the other and here.
    fn difference(&self, other: &Blocks) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("the feed", &self.newest, &other.newest),
            ("the most liked", &self.top, &other.top),
            ("the tags", &self.tags, &other.tags),
            ("who just arrived", &self.new_users, &other.new_users),
            ("the numbers", &self.counts, &other.counts),
        ];
        pairs.into_iter().find_map(|(block, ours, theirs)| {
            let first = (0..ours.len().max(theirs.len())).find(|&line| ours.get(line) != theirs.get(line))?;
            Some((block, Line::told(theirs.get(first)), Line::told(ours.get(first))))
        })
    }
}

impl Line {
    fn of(part: Part<'_>) -> Line {
        let number = |element: &Element| element.text.split_whitespace().next()?.parse().ok();
        Line { text: collapsed(part.text()), likes: part.with_class("likes").and_then(number) }
    }

    fn told(line: Option<&Line>) -> String {
        line.map_or_else(|| "nothing".to_owned(), |line| quoted(&line.text))
    }
}
