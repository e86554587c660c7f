//! People who ask an edge for one address at the same moment, while the origin takes its time.

use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::{
    World,
    city::City,
    origin::Origin,
    wire::{Ask, Letter, Silence, Wire},
};
use crate::story::Stop;

/// From an edge to the origin, on a busy machine.
const ARRIVES: Duration = Duration::from_secs(10);
/// People who come after a crowd: when they were served, the crowd was heard.
const AFTER: usize = 5;

/// A crowd that has asked.
pub struct Together<'c> {
    city: &'c City,
    path: String,
    people: Vec<Person>,
}

struct Person {
    /// In the cookie.
    word: String,
    answer: AbortOnDropHandle<Result<Letter, Silence>>,
}

impl City {
    /// So many people, each with a cookie of their own, ask for this; all of them have been heard, and the origin, which has
    /// been asked, answers nothing there until it goes on.
    pub async fn crowd_asks(
        &self,
        world: &mut World,
        people: usize,
        path: &str,
        origin: &Origin,
    ) -> Result<Together<'_>, Stop> {
        let moment = self.edge.timeline().begin(format!("{people} people in {} ask for {path} at once", self.name));
        origin.keeps_waiting(path);
        let mut crowd = Vec::new();
        for _ in 0..people {
            let word = world.mark();
            let ask = Ask::get(path).with("cookie", format!("session={word}")).with("user-agent", &word);
            let mut wire = self.wire().await?;
            let answer = AbortOnDropHandle::new(tokio::spawn(async move { wire.hears(ask).await }));
            crowd.push(Person { word, answer });
        }
        self.is_heard(path, origin).await?;
        for _ in 0..AFTER {
            // Whatever they are told.
            let _ = self.wire().await?.hears(Ask::get("/after-them")).await;
        }
        moment.end(format!("the origin was asked {} times so far", origin.asked(path)));
        Ok(Together { city: self, path: path.to_owned(), people: crowd })
    }

    /// Somebody who asks for this, and is waiting for the origin.
    pub async fn asks_and_waits(&self, path: &str, origin: &Origin) -> Result<Impatient, Stop> {
        self.edge.timeline().note(format!("somebody asks for {path}"));
        origin.keeps_waiting(path);
        let mut wire = self.wire().await?;
        let ask = Ask::get(path);
        let waiting = AbortOnDropHandle::new(tokio::spawn(async move {
            let answer = wire.hears(ask).await;
            (wire, answer)
        }));
        self.is_heard(path, origin).await?;
        Ok(Impatient { waiting, timeline: self.edge.timeline().clone() })
    }

    async fn is_heard(&self, path: &str, origin: &Origin) -> Result<(), Stop> {
        if origin.is_asked(path, 1, ARRIVES).await {
            return Ok(());
        }
        self.failed(format!("the origin is asked for {path}"), "nobody came", "Nobody else has it.")
    }
}

/// Somebody who will not wait for ever.
pub struct Impatient {
    waiting: AbortOnDropHandle<(Wire, Result<Letter, Silence>)>,
    timeline: super::timeline::Timeline,
}

impl Impatient {
    /// Their connection is closed under the answer.
    pub fn hangs_up(self) {
        self.timeline.note("the one who asked first closes the tab");
        // With the task goes the wire.
        self.waiting.abort();
    }
}

impl Together<'_> {
    async fn heard(self, why: &str) -> Result<Vec<(String, Letter)>, Stop> {
        let moment = self.city.edge.timeline().begin(format!("{} people have an answer", self.people.len()));
        let mut letters = Vec::new();
        for Person { word, answer } in self.people {
            let letter = answer.await?;
            let letter = letter.map_err(|silence| silence.is_failure("an answer", self.city.edge.name(), why))?;
            letters.push((word, letter));
        }
        moment.end("all of them");
        Ok(letters)
    }

    /// Each of them has this.
    pub async fn expect_all_hear(self, text: &str, why: &str) -> Result<(), Stop> {
        let (city, what) = (self.city, format!("GET {}", self.path));
        self.heard(why).await?.iter().try_for_each(|(_, letter)| city.is_text(&what, letter, text, why))
    }

    /// Each of them has what is made of their own cookie.
    pub async fn expect_each_hears_themselves(self, why: &str) -> Result<(), Stop> {
        let (city, path) = (self.city, self.path.clone());
        let letters = self.heard(why).await?;
        for (word, letter) in &letters {
            letter.expect_status(200, why)?;
            let body = String::from_utf8_lossy(&letter.body);
            if body != format!("cookie: session={word}") {
                let is_anothers = letters.iter().any(|(other, _)| other != word && body.contains(other));
                let saw =
                    if is_anothers { "somebody was answered with another's" } else { "somebody's cookie was lost" };
                let expected =
                    format!("each of {} who ask for {path} is answered with their own cookie", letters.len());
                return city.failed(expected, saw, why);
            }
        }
        Ok(())
    }

    /// Nobody has what is made of another's cookie.
    pub async fn expect_nobody_hears_another(self, why: &str) -> Result<(), Stop> {
        let city = self.city;
        let letters = self.heard(why).await?;
        for (word, letter) in &letters {
            letter.expect_status(200, why)?;
            let body = String::from_utf8_lossy(&letter.body);
            if letters.iter().any(|(other, _)| other != word && body.contains(other)) {
                return city.failed("nobody hears what another was told", "somebody heard what was another's", why);
            }
        }
        Ok(())
    }
}
