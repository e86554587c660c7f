//! `headline`: the talk's figure beside what was measured before and after.

use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    build::{self, CHECKER},
    check::shell_word,
    child, screen,
    workshop::Workshop,
};

const HELP: &str = "\
Before is how history had it, after is the reference answer; your chapters are not looked at.

Examples:
  cargo xtask headline 02
  cargo xtask headline 01 02 --json

Exit codes:
  0  measured
  2  something could not be measured";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Headline {
    /// The chapters: 4, 04 or stateless. Without any, all of them.
    #[arg(value_name = "NN")]
    chapters: Vec<String>,
    /// A JSON document, alone on stdout
    #[arg(long)]
    json: bool,
}

impl Headline {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let mut chapters = Vec::new();
        for asked in &self.chapters {
            chapters.push(workshop.chapter(Some(asked))?);
        }
        if chapters.is_empty() {
            chapters.clone_from(&workshop.chapters);
        }
        let packages = chapters.iter().map(|chapter| chapter.solution_package()).chain([CHECKER.to_owned()]);
        let built = build::build(&workshop.repository, &packages.collect::<Vec<_>>())?;
        let mut command = Command::new(built.checker()?);
        command.arg("headline").args(chapters.iter().map(|chapter| chapter.number()));
        for chapter in &chapters {
            let Some(program) = built.program(&chapter.solution_package()) else {
                built.print_diagnostics(&chapter.solution_path(&workshop.repository.root), true);
                bail!("solutions/{} does not compile; `git status solutions` shows what was changed", chapter.folder());
            };
            command.arg("--program").arg(format!("{}={}", chapter.number(), shell_word(program)));
        }
        command.args(self.json.then_some("--json"));
        command.args(screen::plain_asked().then_some("--plain"));
        child::run(&mut command)
    }
}
