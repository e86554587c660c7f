//! `grade`: points for every chapter, for a teacher.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    build::{self, CHECKER},
    check::{Format, shell_word},
    child,
    screen::{self, warn},
    workshop::Workshop,
};

const HELP: &str = "\
Examples:
  cargo xtask grade                              this clone's chapters
  cargo xtask grade --path /home/may/clone --format junit

Exit codes:
  0  graded, and every chapter is done
  1  graded, and a chapter is not done
  2  something could not be graded";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Grade {
    /// Grade the chapters/ of another clone, or a copy of it; a chapter that is not there earns nothing.
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// A document for programs, alone on stdout.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Grade {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let repository = &workshop.repository;
        let mut packages = vec![CHECKER.to_owned()];
        if self.path.is_none() {
            let there = workshop.chapters.iter().filter(|chapter| chapter.path(&repository.root).is_dir());
            packages.extend(there.map(|chapter| chapter.package()));
        }
        let copies = self.path.as_deref().map(chapters_in).transpose()?;
        let built = build::build(repository, &packages)?;
        let mut command = Command::new(built.checker()?);
        command.arg("grade");
        for chapter in &workshop.chapters {
            let number = chapter.number();
            let copy = copies.as_ref().map(|copies| copies.join(chapter.folder()));
            match (copy, built.program(&chapter.package())) {
                (Some(copy), _) if copy.is_dir() => {
                    command.arg("--overlay").arg(format!("{number}={}", copy.display()));
                }
                (None, Some(program)) => {
                    command.arg(format!("{number}={}", shell_word(program)));
                }
                (copy, _) => {
                    let why = if copy.is_some() { "is missing" } else { "does not compile, or is missing" };
                    warn(format!("chapters/{} {why}; it earns nothing", chapter.folder()));
                    command.args(["--unbuilt", &number]);
                }
            }
        }
        command.args(["--format", self.format.name()]).args(screen::plain_asked().then_some("--plain"));
        child::run(&mut command)
    }
}

/// The folder of chapters in a clone, or that folder itself.
fn chapters_in(path: &std::path::Path) -> Result<PathBuf> {
    let path = path.canonicalize().with_context(|| format!("there is no folder {}", path.display()))?;
    let inside = path.join("chapters");
    let is_it = path.file_name().is_some_and(|name| name == "chapters");
    if !inside.is_dir() && !is_it {
        bail!("{} holds no chapters folder; --path takes a clone or its chapters folder", path.display());
    }
    Ok(if inside.is_dir() { inside } else { path })
}
