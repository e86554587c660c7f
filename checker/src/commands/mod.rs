//! The commands, a file each, and what they share.

pub mod check;
pub mod gallery;
pub mod grade;
pub mod headline;
pub mod prepare;
pub mod run;
pub mod servers;

use anyhow::Context;
use checker::{limits, program::Program};
use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    Junit,
}

/// Runs a command to its end, or until a signal asks for it: then what it started ends with it.
pub fn until_interrupted(command: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    limits::raise_open_files();
    let runtime = tokio::runtime::Runtime::new().context("starting threads")?;
    let code = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
        let mut hangup = signal(SignalKind::hangup()).context("listening for signals")?;
        // As a shell says it: 128 and the signal's number.
        tokio::select! {
            code = command => code,
            _ = interrupt.recv() => Ok(128 + 2),
            _ = terminate.recv() => Ok(128 + 15),
            _ = hangup.recv() => Ok(128 + 1),
        }
    });
    // A task of a proxy may be in the middle of something that nobody waits for.
    runtime.shutdown_background();
    code
}

/// `04=CMD`: a chapter's number, and a value for it.
pub fn numbered(argument: &str) -> anyhow::Result<(String, String)> {
    let (number, value) = argument.split_once('=').with_context(|| format!("`{argument}` is not NN=…"))?;
    Ok((number.to_owned(), value.to_owned()))
}

/// A command that xtask gives for a program that it has built, or one that a learner gives.
pub fn program(words: &str, label: &str) -> anyhow::Result<Program> {
    let program = Program::command(words, label)?;
    let is_built_here = matches!(label, "chapter" | "solution");
    Ok(if is_built_here { Program { folder: None, ..program } } else { program })
}
