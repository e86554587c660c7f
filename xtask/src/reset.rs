//! `reset`: the starter again, and what was there kept.

use anyhow::Result;
use clap::Args;

use crate::{
    folder::{Laid, replace_chapter},
    overlay::Which,
    workshop::Workshop,
};

const HELP: &str = "\
The whole folder is copied to backups/ before anything is replaced, and you are told where. The README stays yours.

Example:
  cargo xtask reset 02

Exit codes:
  0  the chapter is the starter again
  2  it could not be backed up or written; what was there is whole";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Reset {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    chapter: Option<String>,
}

impl Reset {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        let laid = replace_chapter(workshop, &chapter, Which::Starter)?;
        match laid {
            Laid::Same => println!("chapters/{} is the starter already", chapter.folder()),
            Laid::New | Laid::Kept { .. } => println!("chapters/{} is the starter again", chapter.folder()),
        }
        laid.tell(&workshop.repository);
        workshop.progress.change(|progress| {
            progress.forget(&chapter);
            progress.is_at(&chapter);
        });
        Ok(0)
    }
}
