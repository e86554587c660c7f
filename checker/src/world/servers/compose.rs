//! The servers of compose.yaml, where a container engine answers. They stay when a check ends: the next one finds them
//! ready, and `docker compose down` ends them.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, bail};
use tokio::{process::Command, time::timeout};

use crate::{overlay::cargo, tools::found, workshop};

pub const MYSQL: &str = "mysql://root:gossip@127.0.0.1:33306";
pub const REDIS: &str = "redis://127.0.0.1:36379";

/// An engine that does not answer by then is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// The engine of this machine, if one answers.
pub async fn engine() -> Option<&'static str> {
    for name in ["docker", "podman"] {
        if found(name, &[]).is_some() && answers(name, &["info"]).await && answers(name, &["compose", "version"]).await
        {
            return Some(name);
        }
    }
    None
}

async fn answers(engine: &str, words: &[&str]) -> bool {
    let mut command = Command::new(engine);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    matches!(timeout(PATIENCE, command.status()).await, Ok(Ok(status)) if status.success())
}

/// Starts a service, and waits until it is ready.
pub async fn start(engine: &str, service: &str) -> anyhow::Result<()> {
    let file = workshop::root().join("compose.yaml");
    let mut command = Command::new(engine);
    command.args(["compose", "--file"]).arg(&file).args(["up", "--detach", "--wait", service]);
    let output = cargo::output(command).await.with_context(|| format!("running {engine}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("`{engine} compose up {service}` failed: {last}");
    }
    Ok(())
}
