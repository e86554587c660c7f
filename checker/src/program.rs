//! The program that is judged: any command that keeps the contract.

use std::{
    borrow::Cow,
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

/// A command, to which the role is appended.
#[derive(Clone, Debug)]
pub struct Program {
    pub command: Vec<OsString>,
    /// Where it is started. A chapter's program is started in a folder of its own in each world: what it keeps beside
    /// itself, its neighbours do not have.
    pub folder: Option<PathBuf>,
    /// How a report calls it: `chapter`, `solution`, a path or the command.
    pub label: String,
    /// Names that it was given for the build and uses of itself, each with the one that its author knows.
    pub names: Vec<(String, String)>,
}

impl Program {
    /// A built chapter, solution or entry of a gallery.
    pub fn binary(file: &Path, label: &str) -> Program {
        Program { command: vec![file.into()], folder: None, label: label.to_owned(), names: Vec::new() }
    }

    /// Anything that keeps the contract: words as a shell has them, to be run where we are.
    pub fn command(words: &str, label: &str) -> anyhow::Result<Program> {
        let words = shell_words::split(words)
            .ok()
            .with_context(|| format!("`{words}` is not a command: a quote is not closed"))?;
        let mut command: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let folder = env::current_dir().context("asking for the working directory")?;
        match command.first_mut() {
            Some(first) if !first.is_empty() => *first = executable(first, &folder)?.into(),
            _ => bail!("the command is empty; --program takes one such as 'python3 gossip.py'"),
        }
        Ok(Program { command, folder: Some(folder), label: label.to_owned(), names: Vec::new() })
    }
}

/// What a program says, with names that its author knows.
pub fn known_names<'t>(names: &[(String, String)], text: &'t str) -> Cow<'t, str> {
    let told = |text: Cow<'t, str>, (given, known): &(String, String)| match text.contains(given) {
        true => Cow::Owned(text.replace(given, known)),
        false => text,
    };
    names.iter().fold(Cow::Borrowed(text), told)
}

/// The file that a command's first word means, found as a shell does: a word with a slash from here, another in PATH.
fn executable(word: &OsString, here: &Path) -> anyhow::Result<PathBuf> {
    let name = Path::new(word);
    let shown = name.display();
    if name.components().count() > 1 {
        let file = here.join(name);
        ensure!(
            file.exists(),
            "there is no {shown}, seen from {}; --program takes a command that can be run",
            here.display()
        );
        ensure!(!file.is_dir(), "{shown} is a folder; --program takes a command that can be run");
        ensure!(may_run(&file), "{shown} may not be run; `chmod +x {shown}` allows that");
        return Ok(file);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| here.join(folder).join(name)).find(|file| may_run(file));
    found.with_context(|| match here.join(name).is_file() {
        true => format!("there is no command {shown} in PATH; the file that lies here is ./{shown}"),
        false => format!("there is no command {shown} in PATH"),
    })
}

fn may_run(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
