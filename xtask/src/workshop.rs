//! What every command about chapters starts from.

use std::rc::Rc;

use anyhow::Result;

use crate::{
    course::{self, Chapter},
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
}
