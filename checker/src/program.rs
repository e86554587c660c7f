//! The program that is judged: any command that keeps the contract.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

/// A command, to which the role is appended.
#[derive(Clone, Debug)]
pub struct Program {
    pub command: Vec<OsString>,
    /// Where it is started. A chapter's program is started in a folder of its own in each world: what it keeps beside
    /// itself, its neighbours do not have.
    pub folder: Option<PathBuf>,
    /// How a report calls it: `chapter`, `solution`, a path or the command.
    pub label: String,
}

impl Program {
    /// A built chapter, solution or entry of a gallery.
    pub fn binary(file: &Path, label: &str) -> Program {
        Program { command: vec![file.into()], folder: None, label: label.to_owned() }
    }

    /// Anything that keeps the contract: words as a shell has them, to be run where we are.
    pub fn command(words: &str, label: &str) -> anyhow::Result<Program> {
        let command: Vec<OsString> = shell_words::split(words)
            .with_context(|| format!("`{words}` is not a command: a quote is not closed"))?
            .into_iter()
            .map(OsString::from)
            .collect();
        ensure!(!command.is_empty(), "the command is empty; --program takes one such as 'python3 gossip.py'");
        let folder = std::env::current_dir().context("asking for the working directory")?;
        Ok(Program { command, folder: Some(folder), label: label.to_owned() })
    }
}
