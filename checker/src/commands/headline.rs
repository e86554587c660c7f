//! `headline`: the talk's figure beside what history and the chapter's answer make of it here, in the same run.

use anyhow::{Context, bail};
use checker::{
    course, gallery, headline,
    overlay::{self, Built},
    program::Program,
    report::{Look, headline as page},
    stack::Stack,
};
use clap::Args;

#[derive(Args)]
pub struct Headline {
    /// The chapters: 4, 04 or stateless
    #[arg(value_name = "NN", required = true)]
    chapters: Vec<String>,
    /// A chapter's number and the command that starts its solution
    #[arg(long = "program", value_name = "NN=CMD")]
    programs: Vec<String>,
    /// Delays at the talk's own figures
    #[arg(long)]
    real_time: bool,
    /// Data at the talk's own volumes
    #[arg(long)]
    full: bool,
    /// A document for programs, alone on stdout
    #[arg(long)]
    json: bool,
    /// No colours and no redrawing, words for signs
    #[arg(long)]
    plain: bool,
}

impl Headline {
    pub async fn run(self) -> anyhow::Result<u8> {
        let mut programs = Vec::new();
        for argument in &self.programs {
            let (number, words) = super::numbered(argument)?;
            programs.push((course::chapter(&number)?.number, super::program(&words, "solution")?));
        }
        let mut headlines = Vec::new();
        for asked in &self.chapters {
            let chapter = course::chapter(asked)?;
            let after = programs.iter().find(|(number, _)| *number == chapter.number).map(|(_, program)| program);
            let after = after.with_context(|| format!("--program {:02}=CMD is missing", chapter.number))?;
            eprintln!("{}: building what history did", chapter.folder_name());
            let before =
                match overlay::build_entry(&chapter, &gallery::entry(&chapter, "history")?, Stack::Embedded).await? {
                    Built::Program(file) => Program::binary(&file, "history"),
                    Built::Refused(why) => bail!("history of {} does not build: {why}", chapter.folder_name()),
                };
            eprintln!("{}: measuring before, then after", chapter.folder_name());
            headlines.push(headline::measure(&chapter, &before, after, self.real_time, self.full).await?);
        }
        if self.json {
            print!("{}", page::document(&headlines)?);
        } else {
            print!("{}", page::text(Look::of_stdout(self.plain), &headlines));
        }
        Ok(0)
    }
}
