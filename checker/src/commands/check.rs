//! `check`: holds a program to the promises of one chapter.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, bail};
use checker::{
    chapters,
    course::{self, Chapter},
    gallery,
    overlay::{self, Built},
    program::Program,
    report::{self, Ending, Look, Observer, Pass, Progress, Setting, Terminal, Times},
    run::{self, Options},
    stack::Stack,
    verdict::{Outcome, Report, Verdict},
    workshop,
};
use clap::Args;

use super::Format;

#[derive(Args)]
pub struct Check {
    /// The chapter: 4, 04 or stateless
    #[arg(value_name = "NN")]
    chapter: String,
    /// How reports call what is checked; else as it is given
    #[arg(long)]
    label: Option<String>,
    #[command(flatten)]
    what: What,
    /// Only this promise
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// This promise before the others
    #[arg(long, value_name = "NAME")]
    first: Option<String>,
    /// Repeat the data and the timing of this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Check so many times, and count the verdicts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// What the chapter runs on: embedded is SQLite, a file; servers is MySQL or MariaDB, and Redis
    #[arg(long, value_enum, default_value_t)]
    stack: Stack,
    /// For people, or one document for programs alone on stdout
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Keep everything alive where it fails, until Ctrl-C
    #[arg(long)]
    hold: bool,
    /// Tell every failure in full
    #[arg(long)]
    all: bool,
    /// Delays at the talk's own figures
    #[arg(long)]
    real_time: bool,
    /// Data at the talk's own volumes
    #[arg(long)]
    full: bool,
    /// No colours and no redrawing, words for signs
    #[arg(long)]
    plain: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A command to which the role is added
    #[arg(long, value_name = "CMD")]
    program: Option<String>,
    /// A copy of a chapter's folder
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// An entry of the chapter's gallery: history, wrong/…, right/…
    #[arg(long, value_name = "ENTRY")]
    entry: Option<String>,
    /// A chapter that does not compile, as cargo has said: a document for programs says it, too
    #[arg(long)]
    unbuilt: bool,
}

impl Check {
    pub async fn run(self) -> anyhow::Result<u8> {
        let chapter = course::chapter(&self.chapter)?;
        let program = match self.program(&chapter).await? {
            Ok(program) => program,
            Err(refusal) => {
                if !self.what.unbuilt {
                    eprintln!("{}", refusal.trim_end());
                    eprintln!("failed: {} cannot be checked; the reason is above", self.label());
                }
                let report = Report::unbuilt(&chapter, &self.names(&chapter), &self.label(), self.stack);
                self.print_document(&report)?;
                return Ok(report.exit_code());
            }
        };
        let seed = self.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
        let options = Options {
            seed,
            stack: self.stack,
            real_time: self.real_time,
            full: self.full,
            hold: self.hold,
            only: self.scenario.clone(),
            first: self.first.clone(),
            evidence: true,
        };
        // It may draw on the screen, so it comes before whatever else does.
        chapters::prepare(chapter.number, self.full, self.plain).await?;
        match self.times {
            Some(times) => self.many(&chapter, &program, options, times).await,
            None => self.once(&chapter, &program, options).await,
        }
    }

    fn label(&self) -> String {
        let given = self.label.clone().or(self.what.program.clone()).or(self.what.entry.clone());
        given.or(self.what.overlay.as_ref().map(|folder| folder.display().to_string())).unwrap_or_default()
    }

    /// What is to be judged, or why it cannot be built.
    async fn program(&self, chapter: &Chapter) -> anyhow::Result<Result<Program, String>> {
        Ok(match &self.what {
            What { program: Some(words), .. } => Ok(super::program(words, &self.label())?),
            What { overlay: Some(folder), .. } => {
                overlay::build_copy(chapter, folder, &self.label(), self.stack).await?
            }
            What { entry: Some(name), .. } => {
                match overlay::build_entry(chapter, &gallery::entry(chapter, name)?, self.stack).await? {
                    Built::Program(file) => Ok(Program::binary(&file, &self.label())),
                    Built::Refused(why) => Err(why),
                }
            }
            What { unbuilt: true, .. } => Err(String::new()),
            What { .. } => bail!("there is nothing to check; --program, --overlay or --entry says what"),
        })
    }

    async fn once(&self, chapter: &Chapter, program: &Program, options: Options) -> anyhow::Result<u8> {
        let names = self.names(chapter);
        let setting = self.setting(program, options.seed);
        if self.format != Format::Text {
            let progress = Progress::alone(names.len(), self.plain);
            let report = run::check(chapter, program, &options, &progress).await?;
            progress.close();
            self.print_document(&report)?;
            remember(chapter, &report)?;
            return Ok(report.exit_code());
        }
        let terminal = Holding { terminal: Terminal::start(chapter, &names, setting), chapter, setting };
        let report = run::check(chapter, program, &options, &terminal).await?;
        let before = first_failure(chapter)?;
        let others = course::chapters()?;
        let ending = Ending {
            first_time: program.label == OWN && before.is_none(),
            pass: (program.label == OWN || program.label == "solution").then(|| Pass {
                before: before.as_ref(),
                wrong: report::pass::wrong_answers(chapter).unwrap_or_default(),
                next: others.iter().find(|other| other.number == chapter.number + 1),
            }),
        };
        terminal.terminal.close(&report, &ending);
        remember(chapter, &report)?;
        Ok(report.exit_code())
    }

    /// For programs; people read the terminal.
    fn print_document(&self, report: &Report) -> anyhow::Result<()> {
        match self.format {
            Format::Text => {}
            Format::Json => print!("{}", report::json::document(report)?),
            Format::Junit => print!("{}", report::junit::document(report)),
        }
        Ok(())
    }

    async fn many(&self, chapter: &Chapter, program: &Program, options: Options, times: u32) -> anyhow::Result<u8> {
        let names = self.names(chapter);
        let shown = Times::start(chapter, &names, self.setting(program, options.seed), times as usize);
        let mut worst = Verdict::Passed;
        for run in 0..times {
            let began = Instant::now();
            // The same seed again only for whoever asked for it.
            let seed = if self.seed.is_some() { options.seed } else { options.seed.wrapping_add(u64::from(run)) };
            let report = run::check(chapter, program, &Options { seed, ..options.clone() }, &shown).await?;
            worst = worst.or_worse(report.verdict());
            shown.ran(&report, began.elapsed().as_secs_f64());
        }
        shown.close();
        Ok(worst.exit_code())
    }

    fn names<'c>(&self, chapter: &'c Chapter) -> Vec<&'c str> {
        let names = chapter.promises.iter().map(|promise| promise.name.as_str());
        names.filter(|name| self.scenario.as_ref().is_none_or(|only| only == name)).collect()
    }

    fn setting<'s>(&'s self, program: &'s Program, seed: u64) -> Setting<'s> {
        Setting { target: &program.label, stack: self.stack, seed, all: self.all, plain: self.plain }
    }
}

/// How xtask calls the learner's own chapter.
const OWN: &str = "chapter";

/// A check that failed before anything was built: its figures are the "before" of the pass screen.
fn first_failure(chapter: &Chapter) -> anyhow::Result<Option<Report>> {
    let file = workshop::first_failure(chapter)?;
    // One that cannot be read is as good as none: it only decorates.
    Ok(if file.is_file() { report::json::read(&file).ok() } else { None })
}

fn remember(chapter: &Chapter, report: &Report) -> anyhow::Result<()> {
    let file = workshop::first_failure(chapter)?;
    let is_whole = report.scenarios.len() == chapter.promises.len();
    if report.target == OWN && report.verdict() == Verdict::Failed && is_whole && !file.exists() {
        let folder = file.parent().context("a file is in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        std::fs::write(&file, report::json::document(report)?)
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// The terminal, and what it says of a world that is kept.
struct Holding<'a> {
    terminal: Terminal,
    chapter: &'a Chapter,
    setting: Setting<'a>,
}

impl Observer for Holding<'_> {
    fn started(&self, name: &str) {
        self.terminal.started(name);
    }

    fn finished(&self, outcome: &Outcome) {
        self.terminal.finished(outcome);
    }

    fn waiting(&self, reason: &str) {
        self.terminal.waiting(reason);
    }

    fn held(&self, outcome: &Outcome, alive: &[(String, i32)], folder: &Path) {
        let look = Look::of_stdout(self.setting.plain);
        println!("{}", report::failure::tell(look, self.chapter, outcome, true, false));
        for (name, pid) in alive {
            println!("  {name} is still running, process {pid}");
        }
        println!("  its folder is {}", run::from_root(folder).display());
        println!("  requests.sh there has what was asked, as curl has it. Ctrl-C ends everything.");
    }
}
