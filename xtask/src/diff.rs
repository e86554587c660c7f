//! `diff`: what one has done, or what the solution does otherwise.

use anyhow::{Result, bail};
use clap::Args;
use console::style;

use crate::{child, folder, overlay::Which, workshop::Workshop};

const HELP: &str = "\
Until a chapter is done, yours is compared with the starter; after that, with the reference answer. Lines with + \
are yours.

Examples:
  cargo xtask diff                     the chapter you are at
  cargo xtask diff 02 --starter

Exit codes:
  0  compared, whether or not they differ
  2  there is nothing to compare";

#[derive(Args, Default)]
#[command(after_help = HELP)]
pub struct Diff {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    pub chapter: Option<String>,
    /// Against the starter, after a pass too.
    #[arg(long, group = "against")]
    pub starter: bool,
    /// Against the solution, before a pass too.
    #[arg(long, group = "against")]
    pub solution: bool,
}

impl Diff {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        let to_solution = self.solution || (workshop.progress.is_done(&chapter) && !self.starter);
        let (which, name) =
            if to_solution { (Which::Solution, "the solution") } else { (Which::Starter, "the starter") };
        let mine = chapter.path(&workshop.repository.root);
        if !mine.is_dir() {
            bail!("chapters/{} is missing; `cargo xtask start {}` brings it back", chapter.folder(), chapter.number());
        }
        let laid = folder::lay(workshop, &chapter, which)?;
        if folder::is_same(&laid, &mine)? {
            println!("chapters/{} is {name}, byte for byte", chapter.folder());
            return Ok(0);
        }
        println!("{} is {name}, {} is yours", style("-").red(), style("+").green());
        let colour = if console::colors_enabled() { "--color=always" } else { "--color=never" };
        let mut git = workshop.repository.git(["diff", "--no-index", "--no-prefix", colour, "--"]);
        // Its 1 says that they differ; more is git's own trouble.
        // Paths as one would type them at the root.
        let names = [&laid, &mine].map(|path| workshop.repository.relative(path).to_string());
        match child::run(git.args(names))? {
            0 | 1 => Ok(0),
            _ => bail!("git could not compare {} with {}", laid.display(), mine.display()),
        }
    }
}
