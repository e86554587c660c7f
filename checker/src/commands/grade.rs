//! `grade`: points for several chapters, one after the other.

use std::path::Path;

use checker::{
    course::{self, Chapter},
    overlay,
    program::Program,
    report::{
        Look, Progress,
        grade::{ChapterGrade, Grade as Grades},
    },
    run::{self, Options},
    stack::Stack,
};
use clap::Args;

use super::Format;

#[derive(Args)]
pub struct Grade {
    /// A chapter's number and the command that starts its program
    #[arg(value_name = "NN=CMD")]
    programs: Vec<String>,
    /// A chapter's number and a copy of its folder
    #[arg(long, value_name = "NN=DIR")]
    overlay: Vec<String>,
    /// A chapter without a program: it earns nothing
    #[arg(long, value_name = "NN")]
    unbuilt: Vec<String>,
    /// For people, or one document for programs alone on stdout
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No colours and no redrawing, words for signs
    #[arg(long)]
    plain: bool,
}

impl Grade {
    pub async fn run(self) -> anyhow::Result<u8> {
        let mut graded: Vec<(Chapter, Option<Program>)> = Vec::new();
        for argument in &self.programs {
            let (number, words) = super::numbered(argument)?;
            graded.push((course::chapter(&number)?, Some(super::program(&words, "chapter")?)));
        }
        for argument in &self.overlay {
            let (number, folder) = super::numbered(argument)?;
            let chapter = course::chapter(&number)?;
            let program = copy(&chapter, Path::new(&folder)).await?;
            graded.push((chapter, program));
        }
        for number in &self.unbuilt {
            graded.push((course::chapter(number)?, None));
        }
        graded.sort_by_key(|(chapter, _)| chapter.number);

        let mut grades = Vec::new();
        for (chapter, program) in &graded {
            grades.push(match program {
                Some(program) => {
                    let progress = Progress::beside_text(chapter.promises.len(), self.plain);
                    progress.again(&chapter.folder_name());
                    let options = Options { seed: u64::from(rand::random::<u32>()), ..Options::default() };
                    ChapterGrade::of(&run::check(chapter, program, &options, &progress).await?)
                }
                None => ChapterGrade::unbuilt(chapter),
            });
        }
        let grade = Grades::of(grades);
        match self.format {
            Format::Text => print!("{}", grade.text(Look::of_stdout(self.plain))),
            Format::Json => print!("{}", grade.json()?),
            Format::Junit => print!("{}", grade.junit()),
        }
        Ok(grade.verdict().exit_code())
    }
}

/// The program of a copy; none where it does not build, and then why on stderr.
async fn copy(chapter: &Chapter, folder: &Path) -> anyhow::Result<Option<Program>> {
    let copied = overlay::build_copy(chapter, folder, &folder.display().to_string(), Stack::Embedded).await?;
    Ok(copied.inspect_err(|why| eprintln!("{}: {}", chapter.folder_name(), why.trim_end())).ok())
}
