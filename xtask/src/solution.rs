//! `solution`: where the reference answer is, or the answer in the chapter's place.

use anyhow::Result;
use clap::Args;

use crate::{
    folder::{Laid, replace_chapter},
    overlay::Which,
    workshop::Workshop,
};

const HELP: &str = "\
With --apply, your chapter is copied to backups/ before anything is replaced, and you are told where.

Examples:
  cargo xtask solution 02              where it is, and what to do with it
  cargo xtask solution 02 --apply      continue from it

Exit codes:
  0  told, or applied
  2  it could not be backed up or written; what was there is whole";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Solution {
    /// The chapter: 4, 04 or stateless.
    #[arg(value_name = "NN")]
    chapter: String,
    /// Put the answer in the place of your chapter; yours is kept in backups/.
    #[arg(long)]
    apply: bool,
}

impl Solution {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(Some(&self.chapter))?;
        let number = chapter.number();
        if !self.apply {
            println!("the answer      solutions/{}", chapter.folder());
            println!("what it changes in yours");
            println!("                cargo xtask diff {number} --solution");
            println!("try it          cargo xtask check {number} --solution");
            println!("continue from it");
            println!("                cargo xtask solution {number} --apply");
            return Ok(0);
        }
        let laid = replace_chapter(workshop, &chapter, Which::Solution)?;
        match laid {
            Laid::Same => println!("chapters/{} is the solution already", chapter.folder()),
            Laid::New | Laid::Kept { .. } => println!("chapters/{} is the solution now", chapter.folder()),
        }
        laid.tell(&workshop.repository);
        println!("next            cargo xtask check {number}");
        Ok(0)
    }
}
