//! `hint`: one step further, never more than one at a time.

use anyhow::{Result, bail};
use clap::Args;
use console::style;

use crate::{
    course::{Chapter, Promise},
    screen::indented,
    workshop::Workshop,
};

/// What the three are, in order.
const STAGES: [&str; 3] = ["a nudge", "the idea", "the shape of the code"];

const HELP: &str = "\
Each promise has three hints, one a call. Which promise fails is known from the last check.

Examples:
  cargo xtask hint                     the next hint for the promise that fails now
  cargo xtask hint 02 --promise 3

Exit codes:
  0  a hint, or nothing to hint at
  2  the chapter was not checked yet, or there is no such promise";

#[derive(Args, Default)]
#[command(after_help = HELP)]
pub struct Hint {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    pub chapter: Option<String>,
    /// For this promise, by its number in the brief or its name, not for the first that fails now.
    #[arg(long, value_name = "NAME")]
    pub promise: Option<String>,
}

impl Hint {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        let Some(promise) = self.promise(workshop, &chapter)? else {
            println!("every promise of {} holds; there is nothing to hint at", chapter.number());
            return Ok(0);
        };
        let Some(last) = promise.hints.len().checked_sub(1) else {
            bail!("there are no hints for `{}`; the brief is chapters/{}/README.md", promise.name, chapter.folder());
        };
        let mut stage = 0;
        workshop.progress.change(|progress| {
            let read = progress.record_mut(&chapter).hints.entry(promise.name.clone()).or_default();
            stage = (*read).min(last);
            *read = stage + 1;
        });

        println!("\n{}", style(indented(&promise.text, 0).trim_end()).bold());
        println!("hint {} of {}: {}  {}\n", stage + 1, last + 1, STAGES[stage.min(2)], style(&promise.name).dim());
        println!("{}", indented(&promise.hints[stage], 4));
        if stage == last {
            println!("That is the last one. The answer: cargo xtask solution {}", chapter.number());
        } else {
            println!(
                "Stuck still? The next one is {}: cargo xtask hint {}",
                STAGES[(stage + 1).min(2)],
                chapter.number()
            );
        }
        Ok(0)
    }

    /// The one asked for, else the first that fails now.
    fn promise<'a>(&self, workshop: &Workshop, chapter: &'a Chapter) -> Result<Option<&'a Promise>> {
        if let Some(name) = &self.promise {
            return chapter.asked_promise(name).map(Some);
        }
        let Some(open) = workshop.open_promises(chapter) else {
            bail!("nobody knows yet what fails; `cargo xtask check {}` finds out", chapter.number());
        };
        Ok(open.iter().find_map(|name| chapter.promise(name)))
    }
}
