//! The chapters, as the checker's course folder describes them.

use std::{
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Chapter {
    pub number: u32,
    pub slug: String,
    pub title: String,
    pub era: String,
    pub minutes: u32,
    pub incident: String,
    pub question: String,
    pub figure: String,
    /// The files that the brief names.
    #[serde(default)]
    pub gap: Vec<String>,
    /// The files of the starter that differ from the solution of the chapter before.
    #[serde(default)]
    pub changed: Vec<String>,
    #[serde(default, rename = "promise")]
    pub promises: Vec<Promise>,
}

#[derive(Debug, Deserialize)]
pub struct Promise {
    pub name: String,
    pub kind: Kind,
    #[serde(default)]
    pub points: u32,
    pub text: String,
    #[serde(default)]
    pub hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Gap,
    Baseline,
    Deep,
}

impl Chapter {
    /// `04`, as every command prints and takes it.
    pub fn number(&self) -> String {
        format!("{:02}", self.number)
    }

    /// `04-stateless`, the name of its folders.
    pub fn folder(&self) -> String {
        format!("{:02}-{}", self.number, self.slug)
    }

    /// `ch04-stateless`, the learner's crate.
    pub fn package(&self) -> String {
        format!("ch{}", self.folder())
    }

    pub fn solution_package(&self) -> String {
        format!("solution{}", self.folder())
    }

    pub fn path(&self, root: &Path) -> PathBuf {
        root.join("chapters").join(self.folder())
    }

    pub fn solution_path(&self, root: &Path) -> PathBuf {
        root.join("solutions").join(self.folder())
    }

    pub fn course_path(&self, root: &Path) -> PathBuf {
        root.join("checker/course").join(self.folder())
    }

    /// The promise that somebody means by its name, or by its number in the brief: gap and deep ones are counted there,
    /// the baseline is not.
    pub fn asked_promise(&self, asked: &str) -> Result<&Promise> {
        let mut numbered = self.promises.iter().filter(|promise| promise.kind != Kind::Baseline);
        let number = asked.trim_end_matches('.').parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let found = number.and_then(|index| numbered.nth(index)).or_else(|| self.promise(asked));
        found.ok_or_else(|| {
            let known: Vec<_> = self.promises.iter().map(|promise| promise.name.as_str()).collect();
            anyhow!("chapter {} makes no promise `{asked}`; it makes {}", self.number(), known.join(", "))
        })
    }

    /// All there is to earn.
    pub fn points(&self) -> u32 {
        self.promises.iter().map(|promise| promise.points).sum()
    }

    /// Its number in the brief; the baseline has none.
    pub fn number_of(&self, promise: &Promise) -> Option<usize> {
        let mut numbered = self.promises.iter().filter(|promise| promise.kind != Kind::Baseline);
        numbered.position(|other| other.name == promise.name).map(|before| before + 1)
    }

    pub fn promise(&self, name: &str) -> Option<&Promise> {
        self.promises.iter().find(|promise| promise.name == name)
    }
}

/// Every chapter, in order.
pub fn load(root: &Path) -> Result<Vec<Rc<Chapter>>> {
    let course = root.join("checker/course");
    let mut chapters = Vec::new();
    for entry in fs::read_dir(&course).with_context(|| format!("cannot read {}", course.display()))? {
        let file = entry?.path().join("chapter.toml");
        if file.is_file() {
            chapters.push(Rc::new(read(&file)?));
        }
    }
    chapters.sort_by_key(|chapter| chapter.number);
    if chapters.is_empty() {
        bail!("{} holds no chapters; `git restore checker/course` brings them back", course.display());
    }
    Ok(chapters)
}

fn read(file: &Path) -> Result<Chapter> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).map_err(|error| anyhow!("{} does not say what a chapter must: {error}", file.display()))
}

/// The chapter that `4`, `04`, `stateless`, `04-stateless` or `ch04-stateless` means.
pub fn find<'a>(chapters: &'a [Rc<Chapter>], asked: &str) -> Result<&'a Rc<Chapter>> {
    let plain = asked.trim().trim_end_matches('/');
    let named = |chapter: &&Rc<Chapter>| {
        plain.parse() == Ok(chapter.number)
            || plain == chapter.slug
            || plain == chapter.folder()
            || plain == chapter.package()
    };
    chapters.iter().find(named).ok_or_else(|| {
        let known: Vec<_> = chapters.iter().map(|chapter| format!("{} {}", chapter.number(), chapter.slug)).collect();
        anyhow!("there is no chapter `{asked}`; the chapters are {}", known.join(", "))
    })
}
