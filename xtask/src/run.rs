//! `run`: the era's system, by hand.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{
    build::{self, CHECKER},
    check::{self, shell_word},
    child,
    workshop::Workshop,
};

#[derive(Args)]
pub struct Run {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    chapter: Option<String>,
    /// The reference answer instead of your chapter.
    #[arg(long)]
    solution: bool,
}

impl Run {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        let root = &workshop.repository.root;
        let (package, folder) = if self.solution {
            (chapter.solution_package(), chapter.solution_path(root))
        } else {
            (chapter.package(), chapter.path(root))
        };
        let built = build::build(&workshop.repository, &[CHECKER.to_owned(), package.clone()])?;
        let checker = built.checker()?;
        let Some(program) = check::program_of(&built, &workshop.repository, &package, &folder) else { return Ok(1) };
        child::run(Command::new(checker).args(["run", &chapter.number(), "--program", &shell_word(program)]))
    }
}
