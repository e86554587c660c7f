//! The big table is made once, is whole when it is there, and is nobody's half-done work, whatever happens to who makes it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    process::{Command, Stdio},
};

use checker::world::{
    database::Database,
    table::{FOUND, Size},
};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Place, Ran, UnderWay, eventually};

/// What a check needs beside a program, made in this place. Which Redis there is does not matter here, and none is built.
fn prepare(place: &Place) -> Command {
    let redis = place.write("bin/redis-server", "");
    fs::set_permissions(redis, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut prepare = place.checker("prepare");
    prepare.env("PATH", place.path("bin"));
    prepare
}

fn begin(place: &Place) -> UnderWay {
    UnderWay(prepare(place).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started"))
}

fn files(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path("target/big-table")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|file| !file.ends_with("lock")).collect();
    files.sort();
    files
}

/// The one that is not whole yet, with something in it.
fn unfinished(place: &Place) -> Option<PathBuf> {
    let posts = Size::Whole.posts(false);
    let making = place.path(&format!("target/big-table/making-{posts}"));
    making.metadata().is_ok_and(|data| data.len() > 1 << 20).then_some(making)
}

/// Three tables and nothing else, with as many rows as their names say.
async fn expect_whole(place: &Place) {
    let files = files(place);
    assert_eq!(files.len(), Size::ALL.len(), "{files:?}");
    for size in Size::ALL {
        let named = |file: &&PathBuf| {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with(&format!("{}-", size.posts(false)))
        };
        let file = files.iter().find(named).expect("there is one of each size");
        let rows = Database::at(file.clone()).count("posts").await.expect("it is a database");
        assert_eq!(rows, size.posts(false));
        assert!(rows > FOUND);
    }
}

fn is_interrupted(place: &Place, signal: Signal) -> Ran {
    let making = begin(place);
    eventually(|| unfinished(place).is_some(), || format!("nothing was made; there is {:?}", files(place)));
    let pid = i32::try_from(making.0.id()).ok().and_then(Pid::from_raw).expect("it runs");
    kill_process(pid, signal).expect("it is our child");
    place.ends(making)
}

#[tokio::test]
async fn it_is_made_once() {
    let place = Place::new();
    let told = "making a table of 300,000 posts in target/big-table, once";
    place.run(&mut prepare(&place)).ends(0, &[told]);
    expect_whole(&place).await;
    let made: Vec<_> = files(&place).iter().map(|file| file.metadata().expect("it is there").ino()).collect();

    let again = place.run(&mut prepare(&place));
    again.ends(0, &[]);
    assert!(!again.stderr.contains(told), "{again:#?}");
    let there: Vec<_> = files(&place).iter().map(|file| file.metadata().expect("it is there").ino()).collect();
    assert_eq!(made, there, "the same files");
}

#[tokio::test]
async fn two_checks_make_one() {
    let place = Place::new();
    let first = begin(&place);
    eventually(|| unfinished(&place).is_some(), || "nothing was made".to_owned());
    let second = place.run(&mut prepare(&place));
    second.ends(0, &["another check of this clone is making what this one needs; waiting for it"]);
    assert!(!second.stderr.contains("making a table"), "{second:#?}");
    place.ends(first).ends(0, &["making a table of 300,000 posts"]);
    expect_whole(&place).await;
}

#[tokio::test]
async fn interrupted_by_ctrl_c_it_is_not_there() {
    let place = Place::new();
    let ran = is_interrupted(&place, Signal::INT);
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    let left = files(&place);
    assert!(left.iter().all(|file| file.extension().is_some_and(|ending| ending == "db")), "{left:?}");
    assert!(left.len() < Size::ALL.len(), "{left:?}");
    place.run(&mut prepare(&place)).ends(0, &[]);
    expect_whole(&place).await;
}

#[tokio::test]
async fn killed_it_is_made_anew() {
    let place = Place::new();
    let ran = is_interrupted(&place, Signal::KILL);
    assert_eq!(ran.code, None, "{ran:#?}");
    assert!(unfinished(&place).is_some(), "nobody could clear it away");
    place.run(&mut prepare(&place)).ends(0, &["making a table of 300,000 posts"]);
    expect_whole(&place).await;
}
