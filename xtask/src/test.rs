//! `test`: every test of the repository. The learner's chapters are left out: they are the learner's to change.

use std::{
    path::Path,
    process::{Command, Stdio},
    rc::Rc,
    time::Instant,
};

use anyhow::{Result, bail};
use clap::Args;
use console::style;

use crate::{
    build, child,
    course::Chapter,
    screen::{self, lasted},
    stack::{self, Stack},
    workshop::Workshop,
};

/// `checker` begins with these two letters as well.
const NOT_THE_LEARNERS: &str = "--exclude=ch[0-9]*";

const HELP: &str = "\
It builds everything, runs the tests and prints how many wrong answers are caught. Your chapters are not looked at, \
so it is green in a clone whose owner has solved half the course. With cargo-nextest installed it is quicker.

Examples:
  cargo xtask test
  cargo xtask test lineage double_click

Exit codes:
  0  all passed
  1  a test failed, or a wrong answer was not caught
  2  something does not compile, or the tests were ended before they were through";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct Test {
    /// Only tests whose name holds one of these.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

impl Test {
    pub fn run(self, workshop: &Workshop) -> Result<u8> {
        let repository = &workshop.repository;
        let step = Step::begin("build the workspace and its tests");
        let selection = ["--workspace", NOT_THE_LEARNERS, "--all-targets"].map(str::to_owned);
        let built = build::run(repository, &["build", "--keep-going"], &selection, &["every test".to_owned()])?;
        let checker = built.checker()?;
        if !built.success {
            built.print_diagnostics(&repository.root, true);
            bail!("not everything compiles; cargo says above where");
        }
        step.end();

        let step = Step::begin("checker build-gallery");
        if child::run(Command::new(checker).arg("build-gallery"))? != 0 {
            bail!("the gallery could not be built; the lines above say which entry");
        }
        step.end();

        build_for_servers(workshop, checker)?;

        let nextest =
            repository.cargo().args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let runs = if nextest.is_ok_and(|status| status.success()) {
            vec![
                ["nextest", "run", "--workspace", NOT_THE_LEARNERS, "--no-fail-fast"]
                    .into_iter()
                    .chain(self.filters())
                    .collect(),
            ]
        } else {
            self.cargo_tests()
        };
        let mut failed = false;
        for run in runs {
            let step = Step::begin(&format!("cargo {}", run.join(" ")));
            failed |= child::run(repository.cargo().args(&run))? != 0;
            if child::asked_to_end() {
                bail!("ended before the tests did");
            }
            step.end();
        }

        // It counts what the tests found: after some of them it would count what others found days ago.
        if self.filters.is_empty() {
            let step = Step::begin("checker kill-score");
            failed |= child::run(Command::new(checker).arg("kill-score"))? != 0;
            step.end();
        }
        Ok(u8::from(failed))
    }

    fn filters(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(String::as_str)
    }

    /// The harnesses that are not libtest's take one filter at most, so each gets a run of its own.
    fn cargo_tests(&self) -> Vec<Vec<&str>> {
        let all = vec!["test", "--workspace", NOT_THE_LEARNERS, "--no-fail-fast"];
        if self.filters.is_empty() {
            return vec![all];
        }
        self.filters().map(|filter| [&all[..], &["--", filter]].concat()).collect()
    }
}

/// The stack `servers` has programs of its own; where this machine has no servers, its tests are left out.
fn build_for_servers(workshop: &Workshop, checker: &Path) -> Result<()> {
    let repository = &workshop.repository;
    let step = Step::begin("the stack `servers`");
    let found = Command::new(checker).arg("servers").output()?;
    if !found.status.success() {
        let why = String::from_utf8_lossy(&found.stderr);
        eprintln!("  its tests are left out: {}", why.trim_start_matches("broken: ").trim_end());
        return Ok(());
    }
    eprint!("{}", screen::indented(&String::from_utf8_lossy(&found.stdout), 2));
    let on_mysql = |chapter: &&Rc<Chapter>| stack::lacking(&chapter.solution_path(&repository.root), "").is_none();
    let solutions = workshop.chapters.iter().filter(on_mysql);
    let solutions: Vec<_> = solutions.map(|chapter| chapter.solution_package()).collect();
    let built = build::with_checker(repository, &solutions, Stack::Servers)?;
    if !built.success {
        built.print_diagnostics(&repository.root, true);
        bail!("not everything compiles with the feature `mysql`; cargo says above where");
    }
    if child::run(Command::new(checker).args(["build-gallery", "--stack", "servers"]))? != 0 {
        bail!("history could not be built with the feature `mysql`; the lines above say which");
    }
    step.end();
    Ok(())
}

/// Said before it runs, and how long it took after.
struct Step {
    began: Instant,
}

impl Step {
    fn begin(what: &str) -> Self {
        eprintln!("{} {what}", style("▸").for_stderr().cyan().bold());
        Self { began: Instant::now() }
    }

    fn end(self) {
        eprintln!("  {}", style(format!("took {}", lasted(self.began.elapsed()))).for_stderr().dim());
    }
}
