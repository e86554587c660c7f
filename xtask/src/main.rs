//! `cargo xtask`: the workshop's command line. It is small so that it speaks soon after a fresh clone; what the checker can
//! do, it asks the checker to do.

mod build;
mod build_progress;
mod check;
mod child;
mod course;
mod outcome;
mod progress;
mod repository;
mod screen;
mod workshop;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use console::style;
use workshop::Workshop;

#[cfg(windows)]
compile_error!("the workshop runs on Linux and macOS; on Windows, clone it inside WSL2 and run it there");

/// Every Line Earned: rebuild Gossip.com from 2004 to 2017, one incident at a time.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// No colours and no redrawing, words for signs: for screen readers and logs
    #[arg(long, global = true)]
    plain: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run a chapter's incident against your program, and tell what its users saw
    Check(check::Check),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
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

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Check(check) => check.run(&mut Workshop::open()?),
    }
}
