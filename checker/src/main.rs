//! The checker's command line. `cargo xtask` calls it, after it has built what is to be judged; its words are for people all
//! the same.

mod commands;

use std::process::ExitCode;

use checker::{reaper, stack::Stack, verdict::Verdict};
use clap::{Parser, Subcommand};

/// Judges a chapter's program from the outside. People use `cargo xtask`, which builds what is to be judged and calls this.
#[derive(Parser)]
#[command(name = "checker", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Hold a program to the promises of a chapter
    Check(commands::check::Check),
    /// Points for several chapters
    Grade(commands::grade::Grade),
    /// The talk's figures beside what is measured here, before and after
    Headline(commands::headline::Headline),
    /// Start a chapter's system, to be used by hand
    Run(commands::run::Run),
    /// Find or build the servers that checks start beside a program
    Prepare,
    /// What the stack `servers` would take on this machine
    Servers,
    /// Build every entry of the gallery
    BuildGallery {
        /// The stack to build them for; for `servers`, history alone
        #[arg(long, value_enum, default_value_t)]
        stack: Stack,
    },
    /// How many wrong answers are caught, and right ones passed
    KillScore(commands::gallery::KillScore),
    /// End a run's processes when the run does (started by the checker itself)
    #[command(hide = true)]
    Reaper {
        #[arg(long)]
        run: String,
        #[arg(long)]
        folder: std::path::PathBuf,
    },
}

fn main() -> ExitCode {
    let code = match Cli::parse().command {
        // Without a runtime: the reaper is to outlive whatever happens, with as little as can be.
        Command::Reaper { run, folder } => reaper::serve(&run, &folder).map(|()| 0),
        Command::Prepare => commands::until_interrupted(commands::prepare::run()),
        Command::Servers => commands::until_interrupted(commands::servers::run()),
        Command::BuildGallery { stack } => commands::until_interrupted(commands::gallery::build(stack)),
        Command::Check(check) => commands::until_interrupted(check.run()),
        Command::Grade(grade) => commands::until_interrupted(grade.run()),
        Command::Headline(headline) => commands::until_interrupted(headline.run()),
        Command::Run(run) => commands::until_interrupted(run.run()),
        Command::KillScore(score) => commands::until_interrupted(score.run()),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // `{:#}` tells the causes; none of them is the learner's fault.
            eprintln!("broken: {error:#}");
            ExitCode::from(Verdict::Broken.exit_code())
        }
    }
}
