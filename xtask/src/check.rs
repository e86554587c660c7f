//! `check`: the incident at once, then one build, then the checker.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use console::style;

use crate::{
    build::{self, Built},
    child,
    course::Chapter,
    outcome::{Mark, OWN, Outcome},
    repository::Repository,
    screen::{self, indented},
    stack::{self, Stack},
    workshop::Workshop,
};

/// Set by `first-words`, which has told the incident of a fresh clone.
const TOLD: &str = "WORKSHOP_INCIDENT_TOLD";

const HELP: &str = "\
Examples:
  cargo xtask check                        the chapter you are at
  cargo xtask check 02 --scenario 1 --hold
                                           one promise; stop where it fails, all still running
  cargo xtask check 02 --seed 7            the data and the timing of an earlier check again
  cargo xtask check 01 --program 'python3 gossip.py'
                                           a program in any language, see chapters/README.md

Exit codes:
  0  passed
  1  failed: a promise is not kept, or the chapter does not compile
  2  broken: the checker could not do its work, or this machine is too busy to judge";

#[derive(Args, Default)]
#[command(after_help = HELP)]
pub struct Check {
    /// The chapter: 4, 04 or stateless. Without it, the one you are at.
    #[arg(value_name = "NN")]
    pub chapter: Option<String>,
    /// Check the reference answer instead of your chapter.
    #[arg(long, group = "what")]
    pub solution: bool,
    /// Check a copy of a chapter's folder, from anywhere: its src, migrations, templates and static are taken.
    #[arg(long, value_name = "DIR", group = "what")]
    pub path: Option<PathBuf>,
    /// Check any program that keeps the contract, in any language: a command to which the role is added.
    #[arg(long, value_name = "CMD", group = "what")]
    pub program: Option<String>,
    /// Only this promise, by its number in the brief, or its name (that of its folder in target/last-check).
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Stop where it fails, with everything still running, until Ctrl-C.
    #[arg(long, requires = "scenario")]
    pub hold: bool,
    /// Tell every failure in full, not only the first.
    #[arg(long)]
    pub all: bool,
    /// What the chapter runs on: embedded is SQLite, a file; servers is MySQL or MariaDB, and Redis.
    #[arg(long, value_enum, default_value_t)]
    pub stack: Stack,
    /// Repeat a check with the data and the timing of this seed.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Check so many times, and count the verdicts.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub times: Option<u32>,
    /// Delays at the talk's own figures, not at a tenth.
    #[arg(long)]
    pub real_time: bool,
    /// Data at the talk's own volumes.
    #[arg(long)]
    pub full: bool,
    /// A document for programs, alone on stdout.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// This promise before the others (watch asks for the one that failed last).
    #[arg(skip)]
    pub first: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    Junit,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Junit => "junit",
        }
    }
}

impl Check {
    pub fn run(self, workshop: &mut Workshop) -> Result<u8> {
        let chapter = workshop.chapter(self.chapter.as_deref())?;
        self.check(workshop, &chapter)
    }

    pub fn check(&self, workshop: &mut Workshop, chapter: &Chapter) -> Result<u8> {
        self.refuse_what_cannot_be(&workshop.repository, chapter)?;
        let repository = &workshop.repository;
        let is_first = workshop.progress.record(chapter).is_none_or(|record| record.open.is_none());
        let was_told = env::var_os(TOLD).is_some();
        if !was_told && ((self.is_own() && is_first) || !repository.checker().is_file()) {
            self.tell(&incident(chapter));
        }

        let package = self.package(chapter);
        let cannot_be_built = package.is_some() && self.lacks_something(repository, chapter);
        if cannot_be_built && self.format == Format::Text {
            return Ok(1);
        }
        let programs: Vec<_> = package.iter().filter(|_| !cannot_be_built).cloned().collect();
        let built = build::with_checker(repository, &programs, self.stack)?;
        let mut command = Command::new(built.checker()?);
        command.arg("check").arg(chapter.number());
        match (&package, &self.path, &self.program) {
            (Some(package), ..) => {
                let folder = self.folder(repository, chapter);
                command.args(["--label", if self.solution { "solution" } else { OWN }]);
                let program = if cannot_be_built { None } else { program_of(&built, repository, package, &folder) };
                match program {
                    Some(program) => command.args(["--program", &shell_word(program)]),
                    None if self.format == Format::Text => return Ok(1),
                    None => command.arg("--unbuilt"),
                };
            }
            (None, Some(path), _) => {
                command.arg("--label").arg(path).arg("--overlay").arg(path.canonicalize()?);
            }
            (None, None, program) => {
                let program = program.as_deref().unwrap_or_default();
                command.args(["--label", program, "--program", program]);
            }
        }
        self.pass_on(chapter, &mut command);

        let before = Mark::set(repository, chapter);
        let code = child::run(&mut command)?;
        if self.is_own()
            && let Some(outcome) = Outcome::since(repository, chapter, &before)
        {
            workshop.progress.change(|progress| progress.learn(chapter, &outcome));
        }
        Ok(code)
    }

    fn refuse_what_cannot_be(&self, repository: &Repository, chapter: &Chapter) -> Result<()> {
        if let Some(path) = self.path.as_ref().filter(|path| !path.is_dir()) {
            bail!("there is no folder {}; --path takes a copy of a chapter's folder", path.display());
        }
        if let Some(scenario) = &self.scenario {
            chapter.asked_promise(scenario)?;
        }
        let folder = self.folder(repository, chapter);
        if self.package(chapter).is_some() && !folder.join("Cargo.toml").is_file() {
            let start = format!("cargo xtask start {}", chapter.number());
            let mend = if self.solution { "git restore solutions" } else { &start };
            bail!("{} is missing; `{mend}` brings it back", repository.relative(&folder));
        }
        Ok(())
    }

    /// Says what the folder lacks to be built for this stack, if it does.
    fn lacks_something(&self, repository: &Repository, chapter: &Chapter) -> bool {
        let folder = self.folder(repository, chapter);
        let lacking = stack::lacking(&folder, &repository.relative(&folder).to_string());
        let lacking = lacking.filter(|_| self.stack == Stack::Servers);
        if let Some(lacking) = &lacking {
            eprintln!("{} {lacking}", style("failed:").for_stderr().red().bold());
        }
        lacking.is_some()
    }

    /// What cargo builds besides the checker; nothing where the program comes from elsewhere.
    fn package(&self, chapter: &Chapter) -> Option<String> {
        let ours = if self.solution { chapter.solution_package() } else { chapter.package() };
        (self.path.is_none() && self.program.is_none()).then_some(ours)
    }

    fn folder(&self, repository: &Repository, chapter: &Chapter) -> PathBuf {
        if self.solution { chapter.solution_path(&repository.root) } else { chapter.path(&repository.root) }
    }

    fn is_own(&self) -> bool {
        !self.solution && self.path.is_none() && self.program.is_none()
    }

    /// To people: on stdout, unless that is for a document.
    fn tell(&self, words: &str) {
        if self.format == Format::Text { println!("{words}") } else { eprintln!("{words}") }
    }

    fn pass_on(&self, chapter: &Chapter, command: &mut Command) {
        let scenario = self.scenario.as_deref().and_then(|asked| chapter.asked_promise(asked).ok());
        let scenario = scenario.map(|promise| promise.name.clone());
        let options = [
            ("--scenario", scenario),
            ("--first", self.first.clone()),
            ("--seed", self.seed.map(|seed| seed.to_string())),
            ("--times", self.times.map(|times| times.to_string())),
            ("--stack", (self.stack != Stack::default()).then(|| self.stack.name().to_owned())),
            ("--format", Some(self.format.name().to_owned())),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                command.arg(name).arg(value);
            }
        }
        let switches = [
            ("--hold", self.hold),
            ("--all", self.all),
            ("--real-time", self.real_time),
            ("--full", self.full),
            ("--plain", screen::plain_asked()),
        ];
        command.args(switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name));
    }
}

/// The story that a chapter begins with, and the question to answer before coding.
pub fn incident(chapter: &Chapter) -> String {
    let name = format!("{}  {}", chapter.number(), chapter.title);
    format!(
        "\n{}  {}\n\n{}\n{}",
        style(name).bold(),
        style(format!("{}, {} minutes", chapter.era, chapter.minutes)).dim(),
        indented(&chapter.incident, 4),
        style(indented(&chapter.question, 4)).cyan(),
    )
}

/// The program that was built of a folder, after cargo's warnings; or none, after its errors and a line that says so.
pub fn program_of<'a>(built: &'a Built, repository: &Repository, package: &str, folder: &Path) -> Option<&'a Path> {
    let program = built.program(package);
    built.print_diagnostics(folder, program.is_none());
    if program.is_none() {
        let failed = style("failed:").for_stderr().red().bold();
        eprintln!("{failed} {} does not compile; cargo says above where", repository.relative(folder));
    }
    program
}

/// A check of the learner's own program.
pub fn command(checker: &Path, chapter: &Chapter, program: &Path) -> Command {
    let mut command = Command::new(checker);
    command.args(["check", &chapter.number(), "--label", OWN, "--program", &shell_word(program)]);
    command
}

/// The checker splits a command as a shell does, and a folder's name may hold a space.
pub fn shell_word(program: &Path) -> String {
    format!("'{}'", program.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_one_word_of_the_shell() {
        assert_eq!(shell_word(Path::new("/my clone/it's")), r"'/my clone/it'\''s'");
    }
}
