//! What somebody hears who stands next to an edge, and what happens to its way home.

use std::{
    ops::RangeInclusive,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use hyper::Method;

use super::{
    World,
    city::City,
    files::Files,
    html::Html,
    http::Browser,
    origin::{Exhibit, Origin},
    page::quoted,
    site::Server,
    wire::{Ask, Letter},
};
use crate::story::{Failure, Stop, human};

/// Requests that go on at once where many are asked for.
const LANES: usize = 16;

impl City {
    pub(super) fn failed<T>(&self, expected: impl Into<String>, saw: impl Into<String>, why: &str) -> Result<T, Stop> {
        Err(Stop::Failed(Failure::new(expected, saw, why).of(self.edge.name())))
    }

    /// 200, with exactly this text.
    pub async fn expect(&self, ask: Ask, text: &str, why: &str) -> Result<(), Stop> {
        let what = ask.to_string();
        let letter = self.edge.asks(ask, why).await?;
        self.is_text(&what, &letter, text, why)
    }

    pub(super) fn is_text(&self, what: &str, letter: &Letter, text: &str, why: &str) -> Result<(), Stop> {
        if letter.status == 200 && letter.body == *text {
            return Ok(());
        }
        self.failed(format!("{what} is answered {}", quoted(text)), told(letter), why)
    }

    pub async fn expect_status(&self, ask: Ask, status: u16, why: &str) -> Result<(), Stop> {
        let what = ask.to_string();
        let letter = self.edge.asks(ask, why).await?;
        match letter.status.as_u16() {
            seen if seen == status => Ok(()),
            _ => self.failed(format!("{what} is answered {status}"), told(&letter), why),
        }
    }

    /// An error that says so.
    pub async fn expect_error(&self, ask: Ask, why: &str) -> Result<(), Stop> {
        let what = ask.to_string();
        let letter = self.edge.asks(ask, why).await?;
        match letter.status.is_server_error() {
            true => Ok(()),
            false => self.failed(format!("{what} is answered 502, 503 or 504"), told(&letter), why),
        }
    }

    /// No answer that looks whole.
    pub async fn expect_nothing_whole(&self, path: &str, why: &str) -> Result<(), Stop> {
        let moment = self.edge.timeline().begin(format!("GET {path}, and the origin breaks off"));
        match self.wire().await?.hears(Ask::get(path)).await {
            Ok(letter) => {
                moment.end(letter.summary());
                match letter.status.is_success() {
                    false => Ok(()),
                    true => self.failed("an error, or an answer that breaks off", told(&letter), why),
                }
            }
            Err(silence) => {
                moment.end(silence.0);
                Ok(())
            }
        }
    }

    /// The head of what a GET has, and no body.
    pub async fn expect_head(&self, target: &str, length: usize, why: &str) -> Result<(), Stop> {
        let letter = self.edge.asks(Ask::new(Method::HEAD, target), why).await?;
        let said = letter.header("content-length").and_then(|length| length.parse().ok());
        if letter.status == 200 && said.is_none_or(|said: usize| said == length) {
            return Ok(());
        }
        let said = said.map_or("no Content-Length".to_owned(), |said| format!("Content-Length: {said}"));
        let saw = format!("{}, {said}", letter.status.as_u16());
        self.failed(format!("HEAD {target} is answered 200, and the length of the whole"), saw, why)
    }

    /// That part of the text, or all of it, for whoever answers so need not know parts.
    pub async fn expect_part(&self, ask: Ask, text: &str, range: RangeInclusive<usize>, why: &str) -> Result<(), Stop> {
        let letter = self.edge.asks(ask, why).await?;
        let part = &text[range.clone()];
        let is_right = match letter.status.as_u16() {
            206 => {
                let place = format!("bytes {}-{}/{}", range.start(), range.end(), text.len());
                letter.body == *part && letter.header("content-range") == Some(&place)
            }
            200 => letter.body == *text,
            _ => false,
        };
        match is_right {
            true => Ok(()),
            false => self.failed(format!("206 with {}, or 200 with all of it", quoted(part)), told(&letter), why),
        }
    }

    /// The text, out of what is kept: at least so many seconds old.
    pub async fn expect_age(&self, path: &str, text: &str, least: u64, why: &str) -> Result<(), Stop> {
        let letter = self.edge.asks(Ask::get(path), why).await?;
        self.is_text(&format!("GET {path}"), &letter, text, why)?;
        match letter.header("age").and_then(|age| age.parse::<u64>().ok()) {
            Some(age) if age >= least => Ok(()),
            age => {
                let saw = age.map_or("no Age".to_owned(), |age| format!("Age: {age}"));
                self.failed(format!("GET {path} says an Age of {least} s or more"), saw, why)
            }
        }
    }

    /// The text, within ten times this: the machine is busy, and nobody's program is to blame for it.
    pub async fn expect_within(
        &self,
        world: &World,
        ask: Ask,
        text: &str,
        limit: Duration,
        why: &str,
    ) -> Result<(), Stop> {
        let began = Instant::now();
        self.expect(ask, text, why).await?;
        let took = began.elapsed();
        if took <= 10 * limit {
            return Ok(());
        }
        world.expect_steady_machine_since(began, limit)?;
        self.failed(format!("an answer within {}", human(limit)), format!("it took {}", human(took)), why)
    }

    /// Whatever somebody says, `how` they say it, the next one does not hear it.
    pub async fn expect_unheard(
        &self,
        world: &mut World,
        how: impl Fn(Ask, &str) -> Ask,
        place: &str,
    ) -> Result<(), Stop> {
        let why = "What an answer is kept by is all that it may depend on: whatever else somebody says, they say it to \
                   themselves.";
        let (target, word) = (format!("/static/mirror?{}", world.mark()), world.mark());
        let moment = self.edge.timeline().begin(format!("somebody says {word} {place}, to {target}"));
        // What they hear themselves is their own affair, and that they are refused as well.
        let heard = self.wire().await?.hears(how(Ask::get(&*target), &word)).await;
        moment.end(heard.map_or_else(|silence| silence.0, |letter| letter.summary()));
        let letter = self.edge.asks(Ask::get(&*target), why).await?;
        let said = |letter: &Letter| {
            let headers =
                letter.headers.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(&word));
            headers || String::from_utf8_lossy(&letter.body).contains(&word)
        };
        if letter.status == 200 && !said(&letter) {
            return Ok(());
        }
        let saw = if said(&letter) { format!("200, with {word} in it") } else { told(&letter) };
        self.failed(format!("the next reader hears nothing of what somebody said {place}"), saw, why)
    }

    /// Two people with cookies and passwords, then a stranger: nobody hears what is another's.
    pub async fn expect_not_shared(
        &self,
        world: &mut World,
        origin: &Origin,
        exhibit: Exhibit,
        why: &str,
    ) -> Result<(), Stop> {
        let path = format!("/static/{}", world.mark());
        let told_of = exhibit.to_string();
        origin.has(&path, exhibit);
        let words = [world.mark(), world.mark()];
        for word in words.iter().map(Some).chain([None]) {
            let mut ask = Ask::get(&*path);
            if let Some(word) = word {
                ask = ask.with("cookie", format!("session={word}")).with("authorization", format!("Bearer {word}"));
            }
            let letter = self.edge.asks(ask, why).await?;
            letter.expect_status(200, why)?;
            let body = String::from_utf8_lossy(&letter.body);
            if words.iter().any(|other| Some(other) != word && body.contains(other)) {
                let expected = format!("nobody hears what another was told ({told_of})");
                return self.failed(expected, format!("{} of somebody else", quoted(&body)), why);
            }
        }
        Ok(())
    }

    /// Somebody is talked into opening an address that looks like a file and may be their page; whoever talked them into it
    /// opens it next (cache deception).
    pub async fn expect_not_deceived(&self, victim: &Browser, why: &str) -> Result<(), Stop> {
        let own = format!("/u/{}/gossip.css", victim.name);
        for path in ["/static/../", "/static/..%2f", "/static/%2e%2e/", "/gossip.css", "/?gossip.css", &own] {
            let ask = || Ask::get(path).with("host", self.edge.address().to_string());
            self.edge.asks(ask().with("cookie", victim.cookie_header()), why).await?;
            let letter = self.edge.asks(ask(), why).await?;
            let page = Html::parse(&String::from_utf8_lossy(&letter.body));
            if let Some(me) = page.by_id("me") {
                let saw = format!("a page that greets {}", me.text.trim());
                return self.failed(format!("a stranger who opens {path} is greeted by no name"), saw, why);
            }
        }
        Ok(())
    }

    /// A file that sets a cookie: its first reader's is not given to the next.
    pub async fn expect_cookie_not_shared(&self, world: &mut World, origin: &Origin, why: &str) -> Result<(), Stop> {
        let path = format!("/static/{}", world.mark());
        let words = [world.mark(), world.mark()];
        for (word, other) in [(&words[0], &words[1]), (&words[1], &words[0])] {
            let cookie = format!("session={word}; Path=/");
            origin.has(&path, Exhibit::text("welcome").keeps(600).says("set-cookie", &cookie));
            let letter = self.edge.asks(Ask::get(&*path), why).await?;
            letter.expect_status(200, why)?;
            if letter.all("set-cookie").iter().any(|set| set.contains(other.as_str())) {
                let saw = "the first one's cookie, and with it who the first one is";
                return self.failed("each reader is given a cookie of their own, or none", saw, why);
            }
        }
        Ok(())
    }

    /// So many addresses, each asked for once.
    pub async fn is_asked_for_many(&self, path: &str, times: usize) -> Result<(), Stop> {
        let moment =
            self.edge.timeline().begin(format!("{times} addresses are asked for: {path}?1, {path}?2 and so on"));
        let next = AtomicUsize::new(1);
        let lane = || async {
            let mut wire = self.wire().await?;
            while let number @ ..=usize::MAX = next.fetch_add(1, Relaxed)
                && number <= times
            {
                let letter = wire.hears(Ask::get(format!("{path}?{number}"))).await;
                let letter =
                    letter.map_err(|silence| silence.is_failure("an answer", self.edge.name(), "They exist."))?;
                letter.expect_status(200, "Each of them exists.")?;
            }
            Ok::<_, Stop>(())
        };
        try_join_all((0..LANES).map(|_| lane())).await?;
        moment.end("200 each");
        Ok(())
    }

    pub fn expect_grown_less_than(&self, grown: u64, room: u64, why: &str) -> Result<(), Stop> {
        const MIB: u64 = 1024 * 1024;
        if grown < room {
            return Ok(());
        }
        self.failed(
            format!("the edge grows by less than {} MiB", room / MIB),
            format!("it grew by {} MiB", grown / MIB),
            why,
        )
    }

    /// What this waits for comes without a word to the origin about anything static.
    pub async fn while_nobody_asks_home<T>(
        &self,
        waited_for: impl Future<Output = Result<T, Stop>>,
        why: &str,
    ) -> Result<T, Stop> {
        self.home.requests().hold_before("/static/");
        let came = tokio::select! {
            came = waited_for => came,
            held = self.home.requests().held(Duration::MAX) => {
                held?;
                let expected = format!("{} has it, and asks nobody", self.edge.name());
                self.failed(expected, "it asks the origin, half a world away", why)
            }
        };
        self.home.requests().release();
        came
    }

    /// So much has come from the origin so far.
    pub fn bytes_from_home(&self) -> u64 {
        self.home.replies().bytes()
    }

    /// Since then, less has come than half of this file.
    pub fn expect_few_bytes_since(&self, before: u64, files: &Files, name: &str) -> Result<(), Stop> {
        let (came, length) = (self.bytes_from_home() - before, files.content(name).len() as u64);
        if came < length / 2 {
            return Ok(());
        }
        let why = "The edge has it. It can ask whether that is still right, and be told in a few bytes.";
        self.failed(
            format!("{name}, {length} bytes, does not come from the origin again"),
            format!("{came} bytes came"),
            why,
        )
    }

    /// The origin refuses connections.
    pub fn loses_home(&self) {
        self.edge.timeline().note("the origin is gone");
        self.home.cut();
    }

    /// The origin takes connections, and nothing comes of them.
    pub fn hears_nothing_from_home(&self) {
        self.edge.timeline().note("the origin falls silent");
        self.home.blackhole();
    }

    pub fn finds_home(&self) -> Result<(), Stop> {
        self.edge.timeline().note("the origin is back");
        Ok(self.home.heal()?)
    }

    /// From now on, that server answers for the origin.
    pub fn moves_home_to(&self, server: &Server) {
        self.edge.timeline().note(format!("it is {} now that answers", server.name()));
        self.home.moves_to(server.address());
    }
}

/// What came, in a few words.
fn told(letter: &Letter) -> String {
    format!("{}, {}", letter.status.as_u16(), quoted(&String::from_utf8_lossy(&letter.body)))
}
