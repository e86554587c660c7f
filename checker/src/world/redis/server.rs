//! Which program a Redis is: `redis-server` or `valkey-server` from PATH; where neither is there, a compatible server from
//! crates.io, built once into target/.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::{once, overlay::cargo, tools::found, workshop};

/// A small Redis in memory, which speaks what the chapters use. The version is pinned: another one would be a download in
/// a room without wifi.
const MEEBIS: &str = "meebis";
const VERSION: &str = "0.15.0";

#[derive(Clone, Debug)]
pub struct Server {
    pub program: PathBuf,
    arguments: &'static [&'static str],
}

impl Server {
    /// The one that this machine has; builds one where there is none.
    pub async fn find() -> anyhow::Result<Server> {
        if let Some(program) = installed() {
            // Nothing on disk: not what it holds, and no file of settings either.
            return Ok(Server { program, arguments: &["--save", "", "--appendonly", "no"] });
        }
        Ok(Server { program: built().await?, arguments: &[] })
    }

    /// The command that has it listen on this port of the loopback address.
    pub fn command(&self, port: u16) -> Vec<OsString> {
        let port = port.to_string();
        let place = ["--bind", "127.0.0.1", "--port", &port];
        let words = place.iter().chain(self.arguments).map(|&word| OsString::from(word));
        [OsString::from(&self.program)].into_iter().chain(words).collect()
    }
}

/// A Redis or Valkey that somebody has installed.
pub fn installed() -> Option<PathBuf> {
    ["redis-server", "valkey-server"].into_iter().find_map(|name| found(name, &[]))
}

/// The server of the checker's own, built when it is first needed.
async fn built() -> anyhow::Result<PathBuf> {
    let root = workshop::target()?.join("tools").join(format!("{MEEBIS}-{VERSION}"));
    let program = root.join("bin").join(MEEBIS);
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&root).with_context(|| format!("making {}; is the disk full or read-only?", root.display()))?;
    let _lock = once::locked(root.join("lock")).await?;
    // Another check may have built it meanwhile.
    if !program.is_file() {
        build(&root).await?;
    }
    Ok(program)
}

async fn build(root: &Path) -> anyhow::Result<()> {
    eprintln!(
        "no redis-server or valkey-server on PATH: building a compatible one from crates.io, once; it takes a minute"
    );
    let mut install = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    install.args(["install", MEEBIS, "--version", VERSION, "--locked", "--quiet", "--root"]).arg(root);
    // Of no use afterwards, and no part of this workspace.
    let scratch = root.join("build");
    install.arg("--target-dir").arg(&scratch);
    let output = cargo::output(install).await?;
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    }
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut causes = said.lines().map(str::trim).filter(|line| line.starts_with("error") || line.starts_with("Caused"));
    let why = causes.next_back().or(said.lines().next_back()).unwrap_or("it said nothing");
    bail!(
        "this chapter needs a Redis. There is no redis-server or valkey-server on PATH, and `cargo install {MEEBIS}` \
         failed: {why}; install Redis, or run `cargo xtask prepare` once there is a network"
    )
}
