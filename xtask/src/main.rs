//! Which command was asked for, and what becomes of its errors.

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use console::style;
use signal_hook::{consts::SIGPIPE, flag};
use xtask::{
    check::Check, diff::Diff, doctor, gallery::Gallery, grade::Grade, headline::Headline, hint::Hint, list::List,
    prepare, repository::Repository, reset::Reset, run::Run, screen, solution::Solution, start::Next, start::Start,
    test::Test, tidy, watch::Watch, workshop::Workshop,
};

/// Every Line Earned: rebuild Gossip.com from 2004 to 2017, one incident at a time.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100, after_help = GUIDE)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// No colours and no redrawing, words for signs: for screen readers and logs
    #[arg(long, global = true)]
    plain: bool,
}

const GUIDE: &str = "\
NN is a chapter: 4, 04 or stateless. Most commands take the one you are at when it is left out.
`cargo xtask check 01` is where everybody begins; `--help` after a command says more about it.";

#[derive(Subcommand)]
enum Command {
    /// Run a chapter's incident against your program, and tell what its users saw
    Check(Check),
    /// Check on every save, with keys for hint, diff, list and next
    Watch(Watch),
    /// Show the course, and how far you are
    List(List),
    /// Go to a chapter, anywhere in the course
    Start(Start),
    /// Go to the chapter after this one
    Next(Next),
    /// Help with the promise that fails now: a nudge, then the idea, then the shape of the code
    Hint(Hint),
    /// Show what you changed; after a pass, how the reference answer differs
    Diff(Diff),
    /// Start a chapter over, and keep your work
    Reset(Reset),
    /// Say where the reference answer is, or put it in your chapter's place
    Solution(Solution),
    /// Show what others answered, and what caught them
    Gallery(Gallery),
    /// Fetch and build everything, for a room without wifi
    #[command(after_help = prepare::HELP)]
    Prepare,
    /// Start the year's whole system to play with
    Run(Run),
    /// Measure the talk's figures on this machine, before and after
    Headline(Headline),
    /// Give points for each chapter, for a teacher
    Grade(Grade),
    /// Say what this machine has and lacks
    #[command(after_help = doctor::HELP)]
    Doctor,
    /// Run every test of the repository, for maintainers
    Test(Test),
    /// Check the house rules that a program can check, for maintainers
    #[command(after_help = tidy::HELP)]
    Tidy,
}

fn main() -> ExitCode {
    // `cargo xtask list | head -1` ends quietly, as other programs do. Without, the next line printed would be a panic.
    let _ = flag::register_conditional_default(SIGPIPE, Arc::new(AtomicBool::new(true)));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return tell(&error),
    };
    if cli.plain {
        screen::be_plain();
    }
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{} {error:#}", style("error:").for_stderr().red().bold());
            ExitCode::from(2)
        }
    }
}

/// Whoever asks for nothing gets the help. So does a command that does not exist, and the one that was meant stands last,
/// where the prompt is.
fn tell(error: &clap::Error) -> ExitCode {
    let asked_nothing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.kind() == ErrorKind::InvalidSubcommand {
        let help = Cli::command().render_help();
        if console::colors_enabled_stderr() { eprintln!("{}", help.ansi()) } else { eprintln!("{help}") }
    }
    // Nothing is left to do for somebody whose terminal is gone.
    let _ = if asked_nothing { Cli::command().print_help() } else { error.print() };
    ExitCode::from(if asked_nothing { 0 } else { u8::try_from(error.exit_code()).unwrap_or(2) })
}

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Check(check) => check.run(&mut Workshop::open()?),
        Command::Watch(watch) => watch.run(&mut Workshop::open()?),
        Command::List(list) => list.run(&mut Workshop::open()?),
        Command::Start(start) => start.run(&mut Workshop::open()?),
        Command::Next(next) => next.run(&mut Workshop::open()?),
        Command::Hint(hint) => hint.run(&mut Workshop::open()?),
        Command::Diff(diff) => diff.run(&mut Workshop::open()?),
        Command::Reset(reset) => reset.run(&mut Workshop::open()?),
        Command::Solution(solution) => solution.run(&mut Workshop::open()?),
        Command::Gallery(gallery) => gallery.run(&mut Workshop::open()?),
        Command::Prepare => prepare::run(&Workshop::open()?),
        Command::Run(run) => run.run(&mut Workshop::open()?),
        Command::Headline(headline) => headline.run(&mut Workshop::open()?),
        Command::Grade(grade) => grade.run(&mut Workshop::open()?),
        // It has to work where the clone does not: a course that cannot be read is no reason to say nothing.
        Command::Doctor => doctor::run(&Repository::find()?),
        Command::Test(test) => test.run(&Workshop::open()?),
        Command::Tidy => tidy::run(&Workshop::open()?),
    }
}
