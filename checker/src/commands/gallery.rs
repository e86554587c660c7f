//! `build-gallery` and `kill-score`: the answers that others gave, as programs and as a score.

use anyhow::bail;
use checker::{
    course::{self, Chapter},
    gallery::{self, Entry},
    kill_score,
    overlay::{self, Built},
    report::Look,
    stack::Stack,
};
use clap::Args;

#[derive(Args)]
pub struct KillScore {
    /// The chapters; without any, all of them
    #[arg(value_name = "NN")]
    chapters: Vec<String>,
    /// Judge each entry so many times now, instead of counting what the tests have found
    #[arg(long, value_name = "N")]
    times: Option<u32>,
    /// No colours, words for signs
    #[arg(long)]
    plain: bool,
}

impl KillScore {
    pub async fn run(self) -> anyhow::Result<u8> {
        let entries = entries(&self.chapters)?;
        let scores = match self.times {
            Some(times) => {
                expect_built(&entries, &overlay::build_entries(&entries, Stack::Embedded).await?)?;
                kill_score::judge_anew(&entries, times).await?
            }
            None => kill_score::recorded(&entries)?,
        };
        print!("{}", scores.text(Look::of_stdout(self.plain)));
        Ok(u8::from(!scores.is_whole()))
    }
}

/// On the stack `servers`, what was shipped is held to what it was: history.
pub async fn build(stack: Stack) -> anyhow::Result<u8> {
    let mut entries = entries(&[])?;
    entries.retain(|(chapter, entry)| {
        let is_wanted = stack == Stack::Embedded || entry.kind() == gallery::Kind::History;
        is_wanted && overlay::expect_runs_on(chapter, stack).is_ok()
    });
    let built = overlay::build_entries(&entries, stack).await?;
    expect_built(&entries, &built)?;
    // The tests that follow say it anew.
    kill_score::forget()?;
    println!("{} entries of the gallery are built", built.len());
    Ok(0)
}

fn entries(chapters: &[String]) -> anyhow::Result<Vec<(Chapter, Entry)>> {
    let chapters = match chapters {
        [] => course::chapters()?,
        asked => asked.iter().map(|asked| course::chapter(asked)).collect::<anyhow::Result<_>>()?,
    };
    let mut entries = Vec::new();
    for chapter in chapters {
        entries.extend(gallery::entries(&chapter)?.into_iter().map(|entry| (chapter.clone(), entry)));
    }
    Ok(entries)
}

fn expect_built(entries: &[(Chapter, Entry)], built: &[Built]) -> anyhow::Result<()> {
    let mut refused = 0;
    for ((chapter, entry), built) in entries.iter().zip(built) {
        if let Built::Refused(why) = built {
            eprintln!("{} of {}:\n{}", entry.name, chapter.folder_name(), why.trim_end());
            refused += 1;
        }
    }
    if refused > 0 {
        bail!("{refused} of {} entries do not build; the reasons are above", entries.len());
    }
    Ok(())
}
