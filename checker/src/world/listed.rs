//! Lists on pages: a reader follows the links to what is older, and has seen each gossip once at the end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use url::Url;

use super::{
    World,
    http::{Browser, Page, Request, quoted},
    page::collapsed,
    table::Size,
};
use crate::story::{Stop, failed, human, with_commas};

/// Gossips on a page.
pub const LENGTH: usize = 50;

/// The pages that somebody has seen of a list, from the first one on.
pub struct Walk {
    pub pages: Vec<Arc<Page>>,
    /// Where the last of them says that there is more.
    pub older: Option<String>,
}

/// How long a page took, at best.
pub struct Fastest {
    path: String,
    took: Duration,
}

impl Page {
    /// Where the link to what is older leads, seen from this page's address.
    pub fn older(&self, path: &str) -> Option<String> {
        let is_next = |rel: &String| rel.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
        let mut links = self.html.elements().iter().filter(|element| element.tag == "a");
        let link = links.find(|link| link.attributes.get("rel").is_some_and(is_next))?;
        let here = Url::parse("http://gossip.example").and_then(|site| site.join(path)).ok()?;
        let there = here.join(link.attributes.get("href")?).ok()?;
        let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{query}", there.path()))
    }

    /// These gossips and no others, in this order.
    pub fn expect_list(&self, contents: &[String], why: &str) -> Result<(), Stop> {
        let posts = self.posts();
        for (place, content) in contents.iter().enumerate() {
            let expected = || format!("number {} of the page is {}", place + 1, quoted(content));
            match posts.get(place) {
                Some(post) if post.contains(&collapsed(content)) => {}
                Some(post) => return failed(expected(), format!("it is {}", quoted(post)), why),
                None => return failed(expected(), format!("the page ends after {place}"), why),
            }
        }
        match posts.get(contents.len()) {
            None => Ok(()),
            Some(post) => {
                failed(format!("{} gossips on the page", contents.len()), format!("one more, {}", quoted(post)), why)
            }
        }
    }
}

impl World {
    /// A page that has the same gossips in a small table and in a large one takes as long in both.
    pub async fn expect_page_as_quick_in_a_large_table(&mut self, path: &str, why: &str) -> Result<(), Stop> {
        /// Of a busy machine. All rows of the large table take many times as long as the page.
        const TIMES: u32 = 3;
        let mut small = None;
        for size in [Size::Small, Size::Whole] {
            let site = self.site().over(size).start().await?;
            self.note(format!("{} posts are in the table", with_commas(site.database.count("posts").await?)));
            let mut reader = self.someone(site.door())?;
            match &small {
                None => small = Some(reader.fastest(path).await?),
                Some(small) => _ = reader.expect_as_quick(path, small, TIMES, why).await?,
            }
            site.door().process().kill().await?;
        }
        Ok(())
    }
}

impl Browser {
    /// Opens a list and follows its links to what is older, for at most so many pages.
    pub async fn pages_on(&mut self, path: &str, most: usize) -> Result<Walk, Stop> {
        let moment =
            self.timeline().begin(format!("{} opens {path}, and follows the link to what is older", self.name));
        let mut walk = Walk { pages: Vec::new(), older: Some(path.to_owned()) };
        while let Some(path) = walk.older.take_if(|_| walk.pages.len() < most) {
            let seen = self.sends(&Request::get(&path)).await;
            let page = match seen.expect_page("Whoever follows a link of the page comes to the next page.") {
                Ok(page) => page,
                Err(stop) => {
                    moment.end(format!("{path}: {}", seen.summary()));
                    return Err(stop);
                }
            };
            walk.older = page.older(&path);
            walk.pages.push(page);
        }
        moment.end(match walk.pages.len() {
            1 => "1 page".to_owned(),
            pages => format!("{pages} pages"),
        });
        Ok(walk)
    }

    /// The quickest of several visits: whatever else this machine does, it does not do all the time.
    pub async fn fastest(&mut self, path: &str) -> Result<Fastest, Stop> {
        const TIMES: usize = 12;
        let moment = self.timeline().begin(format!("{} opens {path} {TIMES} times", self.name));
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            let page = self.sends(&Request::get(path)).await.expect_page("It was there before.")?;
            fastest = fastest.min(page.took);
        }
        moment.end(format!("{} at best", human(fastest)));
        Ok(Fastest { path: path.to_owned(), took: fastest })
    }

    /// A page takes at most so many times as long as another one took, both at best: it is opened until it does. What takes
    /// longer because of what it reads takes longer each time.
    pub async fn expect_as_quick(
        &mut self,
        path: &str,
        control: &Fastest,
        times: u32,
        why: &str,
    ) -> Result<Duration, Stop> {
        /// Visits; few of them, where each takes long.
        const AT_MOST: usize = 60;
        const AT_LEAST: usize = 5;
        const PATIENCE: Duration = Duration::from_secs(10);
        let moment = self.timeline().begin(format!("{} opens {path}", self.name));
        let (mut fastest, mut visits, began) = (Duration::MAX, 0, Instant::now());
        let goes_on = |visits| visits < AT_LEAST || (visits < AT_MOST && began.elapsed() < PATIENCE);
        while fastest > control.took * times && goes_on(visits) {
            let page = self.sends(&Request::get(path)).await.expect_page("It was there before.")?;
            fastest = fastest.min(page.took);
            visits += 1;
        }
        moment.end(if visits == 1 { human(fastest) } else { format!("{} at best of {visits}", human(fastest)) });
        if fastest <= control.took * times {
            return Ok(fastest);
        }
        let other = if control.path == path { "it" } else { &control.path };
        let expected =
            format!("{path} takes at most {times} times the {} that {other} took before", human(control.took));
        failed(expected, format!("{} at best", human(fastest)), why)
    }
}

impl Walk {
    /// The whole list, a page at a time, full pages but for the last one.
    pub fn expect_whole(&self, contents: &[String], why: &str) -> Result<(), Stop> {
        let told = |place: usize| contents.get(place).map_or("nothing".to_owned(), |content| quoted(content));
        let posts: Vec<String> = self.pages.iter().flat_map(|page| page.posts()).collect();
        for (place, content) in contents.iter().enumerate() {
            let (page, content) = (place / LENGTH + 1, collapsed(content));
            let expected = format!("number {} of {} is {}, on page {page}", place + 1, contents.len(), told(place));
            let Some(post) = posts.get(place) else {
                return failed(expected, format!("the list ends after {place}, with page {}", self.pages.len()), why);
            };
            if !post.contains(&content) {
                let is_old = place > 0 && contents[..place].iter().any(|earlier| post.contains(&collapsed(earlier)));
                let saw = if is_old { "one that was there before" } else { "another one" };
                return failed(expected, format!("{saw}, {}", quoted(post)), why);
            }
        }
        if posts.len() > contents.len() {
            let saw = format!("{} gossips", posts.len());
            return failed(format!("{} gossips on all pages", contents.len()), saw, why);
        }
        let pages = contents.len().div_ceil(LENGTH).max(1);
        if self.pages.len() != pages || self.older.is_some() {
            let saw =
                format!("{} pages{}", self.pages.len(), if self.older.is_some() { " and a link to more" } else { "" });
            return failed(format!("{pages} pages of {LENGTH}, and no link on the last one"), saw, why);
        }
        Ok(())
    }
}
