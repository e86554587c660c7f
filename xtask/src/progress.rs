//! What is remembered of a learner: where one is, what passed, which hints were read. It lives in `.progress.json`, and
//! losing it costs nothing that `list --recheck` does not bring back.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    course::{Chapter, Kind},
    outcome::Outcome,
    screen::warn,
};

const FILE: &str = ".progress.json";

#[derive(Default, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the chapter one is at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
    /// By number.
    #[serde(default)]
    chapters: BTreeMap<String, Record>,
    /// What a newer xtask wrote stays.
    #[serde(flatten)]
    rest: Map<String, Value>,
    #[serde(skip)]
    file: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Record {
    /// Every gap and baseline promise held once.
    #[serde(default)]
    pub done: bool,
    #[serde(default)]
    pub earned: u32,
    /// The promises that did not hold at the last check, in the chapter's order; none while it was never checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Vec<String>>,
    /// How many hints of a promise were read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hints: BTreeMap<String, usize>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Progress {
    /// A file that cannot be understood is put aside, not lost, and we go on as if there were none.
    pub fn load(root: &Path) -> Self {
        Self::load_file(root.join(FILE))
    }

    fn load_file(file: PathBuf) -> Self {
        let progress = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                let aside = file.with_file_name(format!("{FILE}.damaged"));
                match fs::rename(&file, &aside) {
                    Ok(()) => warn(format!(
                        "{FILE} is damaged ({error}); it is kept as {FILE}.damaged, and `cargo xtask list --recheck` \
                         finds out again what is done"
                    )),
                    Err(reason) => warn(format!("{FILE} is damaged ({error}) and cannot be put aside ({reason})")),
                }
                Self::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    warn(format!("cannot read {FILE} ({error}); going on without it"));
                }
                Self::default()
            }
        };
        Self { file, ..progress }
    }

    /// Changes what is remembered. Another command may have changed it since it was read (`hint` beside a `watch`), so it
    /// is read again first.
    pub fn change(&mut self, change: impl FnOnce(&mut Self)) {
        self.reload();
        change(self);
        self.save();
    }

    pub fn reload(&mut self) {
        *self = Self::load_file(std::mem::take(&mut self.file));
    }

    /// Written beside and renamed, so that a full disk or a kill leaves the old one whole. What it holds is a
    /// convenience: a failure is told and nothing stops.
    fn save(&self) {
        let beside = self.file.with_file_name(format!("{FILE}.{}", std::process::id()));
        let written = serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|bytes| fs::write(&beside, bytes))
            .and_then(|()| fs::rename(&beside, &self.file));
        if let Err(error) = written {
            let _ = fs::remove_file(&beside);
            warn(format!("cannot write {FILE} ({error}); this step is not remembered"));
        }
    }

    pub fn record(&self, chapter: &Chapter) -> Option<&Record> {
        self.chapters.get(&chapter.number())
    }

    pub fn record_mut(&mut self, chapter: &Chapter) -> &mut Record {
        self.chapters.entry(chapter.number()).or_default()
    }

    pub fn is_done(&self, chapter: &Chapter) -> bool {
        self.record(chapter).is_some_and(|record| record.done)
    }

    pub fn forget(&mut self, chapter: &Chapter) {
        self.chapters.remove(&chapter.number());
    }

    pub fn is_at(&mut self, chapter: &Chapter) {
        self.current = Some(chapter.number);
    }

    /// The chapter one is at: the one started last, else the first that is not done.
    pub fn current<'a>(&self, chapters: &'a [Rc<Chapter>]) -> &'a Rc<Chapter> {
        let started = chapters.iter().find(|chapter| Some(chapter.number) == self.current);
        let first_open = || chapters.iter().find(|chapter| !self.is_done(chapter));
        started.or_else(first_open).unwrap_or(&chapters[chapters.len() - 1])
    }

    /// Keeps what a check of the learner's own chapter found. A check of a few promises tells about those only.
    pub fn learn(&mut self, chapter: &Chapter, outcome: &Outcome) {
        let record = self.record_mut(chapter);
        let before = record.open.take();
        let holds = |name: &str| {
            let told = outcome.held(name);
            told.unwrap_or_else(|| before.as_ref().is_some_and(|open| open.iter().all(|other| other != name)))
        };
        let (held, open): (Vec<_>, Vec<_>) = chapter.promises.iter().partition(|promise| holds(&promise.name));
        record.earned = held.iter().map(|promise| promise.points).sum();
        record.done |= open.iter().all(|promise| promise.kind == Kind::Deep);
        record.open = Some(open.into_iter().map(|promise| promise.name.clone()).collect());
        if !record.done {
            self.is_at(chapter);
        }
    }
}
