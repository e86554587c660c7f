//! One call of cargo, which ends with whoever waits for it: in a process group of its own, so that its compilers end too.

use std::process::{Output, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use crate::{stack::Stack, workshop};

/// What cargo says, on both streams.
pub async fn output(mut cargo: Command) -> anyhow::Result<Output> {
    cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = cargo.spawn().context("running cargo")?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let output = child.wait_with_output().await.context("waiting for cargo")?;
    group.has_ended();
    Ok(output)
}

/// Where the programs of a stack go, and from where they take what is compiled already. A chapter's program has the same
/// name on each stack: in one folder, whoever is built last would be it.
pub fn keep_apart(cargo: &mut Command, stack: Stack) -> anyhow::Result<()> {
    cargo.arg("--target-dir").arg(workshop::target_of(stack)?);
    // Known to cargo since 1.91; an older one compiles everything once more, beside it.
    cargo.env("CARGO_BUILD_BUILD_DIR", workshop::target()?);
    Ok(())
}

/// Killed when nobody waits any more.
struct Group(Option<Pid>);

impl Group {
    /// Its number may be another's from now on.
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Fails where all of it has ended at this moment.
            _ = kill_process_group(group, Signal::KILL);
        }
    }
}
