//! `start` and `next`: into a chapter, anywhere in the course.

use std::{fs, rc::Rc};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    course::{Chapter, Kind},
    folder::{Laid, replace_chapter},
    overlay::Which,
    screen::{indented, item},
    workshop::Workshop,
};

const HELP: &str = "\
Every chapter starts from a working solution of the one before, so you can begin anywhere.
Nothing of yours is replaced: a chapter's folder that is there stays as it is (`reset` starts it over), and one \
that is missing is put back.

Examples:
  cargo xtask start 02
  cargo xtask start stateless

Exit codes:
  0  you are at the chapter now
  2  there is no such chapter, or its folder could not be written";

#[derive(Args, Default)]
#[command(after_help = HELP)]
pub struct Start {
    /// The chapter: 4, 04 or stateless.
    #[arg(value_name = "NN")]
    chapter: String,
}

const HELP_NEXT: &str = "\
Example:
  cargo xtask next

Exit codes:
  0  you are at the next chapter now, or this was the last
  1  this chapter is not done yet; what is missing is listed
  2  the next chapter's folder could not be written";

#[derive(Args, Default)]
#[command(after_help = HELP_NEXT)]
pub struct Next {
    /// Go on although this chapter is not done.
    #[arg(long)]
    pub anyway: bool,
}

impl Start {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(Some(&self.chapter))?;
        start(workshop, &chapter)
    }
}

impl Next {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(None)?;
        if !workshop.progress.is_done(&chapter) && !self.anyway {
            print!("Chapter {} is not done yet", chapter.number());
            match workshop.open_promises(&chapter) {
                None => println!(", and was never checked: cargo xtask check {}", chapter.number()),
                Some(open) => {
                    println!("; what is missing:\n");
                    let open = open.iter().filter_map(|name| chapter.promise(name));
                    let missing = open.filter(|promise| promise.kind != Kind::Deep);
                    missing.for_each(|promise| print!("{}", item(&promise.text)));
                    println!();
                }
            }
            println!("To go on without: cargo xtask next --anyway");
            return Ok(1);
        }
        let following = workshop.chapters.iter().find(|other| other.number > chapter.number).map(Rc::clone);
        let Some(following) = following else {
            println!("{} is the last chapter. `cargo xtask list` shows what is left to earn.", chapter.number());
            return Ok(0);
        };
        start(workshop, &following)
    }
}

/// Never replaces anything: a chapter that is there is the learner's.
fn start(workshop: &mut Workshop, chapter: &Chapter) -> Result<u8> {
    let root = workshop.repository.root.clone();
    let folder = chapter.path(&root);
    if !folder.join("Cargo.toml").is_file() {
        let laid = replace_chapter(workshop, chapter, Which::Starter)?;
        laid.tell(&workshop.repository);
        if matches!(laid, Laid::New) {
            println!("chapters/{} was missing; it is the starter again", chapter.folder());
        }
    }
    workshop.progress.change(|progress| progress.is_at(chapter));

    let Ok(brief) = fs::read_to_string(folder.join("README.md")) else {
        bail!("chapters/{} has no brief; `git restore chapters/{0}/README.md` brings it back", chapter.folder());
    };
    println!("\n{}", indented(&beginning(&brief), 0));
    let mut open = vec!["README.md".to_owned()];
    open.extend(chapter.gap.iter().cloned());
    for (at, file) in open.iter().enumerate() {
        println!("{}  chapters/{}/{file}", if at == 0 { "open " } else { "     " }, chapter.folder());
    }
    println!("then   cargo xtask watch {}", chapter.number());
    Ok(0)
}

/// The brief up to its second section: the title and the incident.
fn beginning(brief: &str) -> String {
    let mut sections = 0;
    let is_before_second = |line: &&str| {
        sections += usize::from(line.starts_with("## "));
        sections < 2
    };
    brief.lines().take_while(is_before_second).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_brief_begins_with_its_incident() {
        let brief = "# 01\n\n## The incident\n\nIt broke.\n\n## What changed\n\nNothing.\n";
        assert_eq!(super::beginning(brief), "# 01\n\n## The incident\n\nIt broke.");
    }
}
