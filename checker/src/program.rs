//! The program that is judged: any command that keeps the contract.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// A command, to which the role is appended.
#[derive(Clone, Debug)]
pub struct Program {
    pub command: Vec<OsString>,
    /// Where it is started; a chapter's own folder, where there is one.
    pub folder: PathBuf,
    /// How a report calls it: `chapter`, `solution`, a path or the command.
    pub label: String,
}

impl Program {
    /// A built chapter or solution.
    pub fn binary(file: &Path, label: &str) -> Program {
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        Program { command: vec![file.into()], folder, label: label.to_owned() }
    }
}
