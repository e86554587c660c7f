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

/// What a shell says of a program that Ctrl-C has ended: 128 and the signal's number.
const INTERRUPTED: u8 = 128 + 2;

const HELP: &str = "\
It prints the addresses and runs until Ctrl-C.

Examples:
  cargo xtask run 02                   your chapter
  cargo xtask run 02 --solution        the reference answer

Exit codes:
  0  ended
  1  the chapter does not compile, or does not stay up
  2  the system could not be started";

#[derive(Args)]
#[command(after_help = HELP)]
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
        let mut system = Command::new(checker);
        match child::run(system.args(["run", &chapter.number(), "--program", &shell_word(program)]))? {
            // Ctrl-C is how one leaves it.
            INTERRUPTED => Ok(0),
            code => Ok(code),
        }
    }
}
