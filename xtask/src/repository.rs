//! Where things are: the clone's root, its target folder, cargo and git.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

pub struct Repository {
    pub root: PathBuf,
    pub target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

impl Repository {
    /// Found upwards from the working directory, so that every command works in any folder of the clone.
    pub fn find() -> Result<Self> {
        let here = env::current_dir().context("the working directory is gone; cd into the clone again")?;
        let Some(root) = here.ancestors().find(|folder| folder.join("checker/course").is_dir()) else {
            bail!("{} is not inside a clone of the workshop; cd into one and try again", here.display());
        };
        // Cargo knows about CARGO_TARGET_DIR and every config file that may move the folder; a manifest that it cannot
        // read is told in full by the build that follows.
        let root = root.to_path_buf();
        let told = cargo(&root).args(["metadata", "--no-deps", "--format-version=1", "--offline"]).output();
        let told = told.context("cannot run cargo; install Rust from https://rustup.rs")?;
        let target = match serde_json::from_slice::<Metadata>(&told.stdout) {
            Ok(metadata) => metadata.target_directory,
            Err(_) => root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into())),
        };
        Ok(Self { root, target })
    }

    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    pub fn git<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Command {
        git(&self.root, args)
    }

    pub fn checker(&self) -> PathBuf {
        self.target.join("debug/checker")
    }

    /// A path as one would type it at the root of the clone.
    pub fn relative<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// A clone that somebody else owns (root in a container) is read all the same: cargo has run its code already.
pub fn git<I: IntoIterator<Item: AsRef<OsStr>>>(root: &Path, args: I) -> Command {
    let mut git = Command::new("git");
    git.current_dir(root).args(["-c", "safe.directory=*"]).args(args);
    git
}

/// The cargo that runs us, if one does: a toolchain chosen with `cargo +beta` stays chosen.
fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root);
    cargo
}
