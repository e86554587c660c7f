//! Who may run now: scenarios that measure time or load run with nothing beside them, across all processes of this clone.
//! (Where cargo-nextest runs the tests, each has a process of its own.)

use std::{fs::File, io, path::Path, thread, time::Duration};

use anyhow::Context;
use tokio::{sync::oneshot, time::timeout};

use crate::workshop;

/// Waiting that lasts longer is worth a word: somebody wonders why nothing happens.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

/// A turn to run; it is over when this is dropped.
pub struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits until no scenario runs that wants to be alone. `waiting` is called if that takes a while.
    pub async fn shared(waiting: impl FnOnce()) -> anyhow::Result<Turn> {
        Turn::take(File::lock_shared, waiting).await
    }

    /// Waits until no other scenario runs. `waiting` is called if that takes a while.
    pub async fn alone(waiting: impl FnOnce()) -> anyhow::Result<Turn> {
        Turn::take(File::lock, waiting).await
    }

    async fn take(lock: fn(&File) -> io::Result<()>, waiting: impl FnOnce()) -> anyhow::Result<Turn> {
        let folder = workshop::worlds()?;
        // A thread of its own: should the run end first, nobody has to wait for it.
        let (got, taken) = oneshot::channel();
        thread::Builder::new()
            .name("turn".to_owned())
            .spawn(move || _ = got.send(take_in(&folder, lock)))
            .context("starting a thread")?;
        let mut taken = taken;
        let turn = match timeout(WORTH_A_WORD, &mut taken).await {
            Ok(turn) => turn,
            Err(_) => {
                waiting();
                taken.await
            }
        };
        turn.context("the thread that waits for a turn panicked")?
    }
}

/// The gate is passed one by one, so that a crowd of shared turns cannot keep out one that waits to be alone.
fn take_in(folder: &Path, lock: fn(&File) -> io::Result<()>) -> anyhow::Result<Turn> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let gate = open(&folder.join("turn.gate"))?;
    gate.lock().context("waiting at the gate")?;
    let turn = open(&folder.join("turn.held"))?;
    lock(&turn).context("waiting for other scenarios")?;
    Ok(Turn { _lock: turn })
}

fn open(file: &Path) -> anyhow::Result<File> {
    let opened = File::options().create(true).truncate(false).write(true).open(file);
    opened.with_context(|| format!("making {}; is the disk full or read-only?", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_to_be_alone_waits_and_is_not_overtaken() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let at = folder.path();
        let first = take_in(at, File::lock_shared).expect("nobody is alone");
        let second = take_in(at, File::lock_shared).expect("shared turns go together");
        let (told, order) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            let alone_told = told.clone();
            scope.spawn(move || {
                let turn = take_in(at, File::lock).expect("it is its turn in the end");
                alone_told.send("alone").expect("somebody listens");
                drop(turn);
            });
            // It waits at the gate once it holds it.
            let gate = open(&at.join("turn.gate")).expect("the gate is a file");
            while gate.try_lock().is_ok() {
                gate.unlock().expect("it was locked");
                thread::yield_now();
            }
            scope.spawn(move || {
                let turn = take_in(at, File::lock_shared).expect("it comes after the one that is alone");
                told.send("shared").expect("somebody listens");
                drop(turn);
            });
            drop(first);
            assert!(order.try_recv().is_err(), "the second one is still running");
            drop(second);
            assert_eq!(order.iter().take(2).collect::<Vec<_>>(), ["alone", "shared"]);
        });
    }
}
