//! What every command about chapters starts from.

use std::rc::Rc;

use anyhow::Result;

use crate::{
    course::{self, Chapter},
    outcome::Outcome,
    progress::Progress,
    repository::Repository,
};

pub struct Workshop {
    pub repository: Repository,
    pub chapters: Vec<Rc<Chapter>>,
    pub progress: Progress,
}

impl Workshop {
    pub fn open() -> Result<Self> {
        let repository = Repository::find()?;
        let chapters = course::load(&repository.root)?;
        let progress = Progress::load(&repository.root);
        Ok(Self { repository, chapters, progress })
    }

    /// The chapter asked for, else the one that one is at.
    pub fn chapter(&self, asked: Option<&str>) -> Result<Rc<Chapter>> {
        let chapter = match asked {
            Some(asked) => course::find(&self.chapters, asked)?,
            None => self.progress.current(&self.chapters),
        };
        Ok(Rc::clone(chapter))
    }

    /// The promises that did not hold when the learner's chapter was checked last; nothing if it never was.
    pub fn open_promises(&self, chapter: &Chapter) -> Option<Vec<String>> {
        let remembered = self.progress.record(chapter).and_then(|record| record.open.clone());
        remembered.or_else(|| Some(Outcome::of(&self.repository, chapter)?.failed(chapter)))
    }
}
