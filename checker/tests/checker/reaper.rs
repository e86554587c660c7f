//! Whatever ends a check, and at whatever moment: nothing that it started is left, and no folder.

use std::{
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{PUBLISH, Place, UnderWay, eventually_is_there};

/// A server with children that left it: with sessions of their own, without the mark in their environment, and deaf.
const FAMILY: &str = "leave=$(command -v setsid || true)
    ( ( exec $leave sleep 1000 ) & )
    ( ( exec env -i IN=\"$PLACE\" $leave sleep 1001 ) & )
    ( trap '' TERM HUP INT; while :; do sleep 1002; done ) &
    echo >\"$PLACE/started\"
    exec \"$SOLUTION\" \"$@\"";

fn started(place: &Place, program: &str, more: &str) -> UnderWay {
    let mut check = place.check(program, more);
    UnderWay(check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started"))
}

fn send(check: &Child, signal: Signal) {
    let pid = i32::try_from(check.id()).ok().and_then(Pid::from_raw).expect("a child has a number");
    kill_process(pid, signal).expect("nobody has waited for it yet");
}

/// SIGKILL at random moments of a check; `KILLED_CHECKS=50` kills so many, `KILLED_CHECKS_SEED` repeats their moments.
#[test]
fn killed_checks_leave_nothing() {
    let setting = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("it is a number"));
    let rounds = setting("KILLED_CHECKS").unwrap_or(10);
    let seed = setting("KILLED_CHECKS_SEED").unwrap_or_else(rand::random);
    println!("KILLED_CHECKS={rounds} KILLED_CHECKS_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let place = Place::new();
    let program = place.app(FAMILY);
    let mut under_way = 0;
    for round in 1..=rounds {
        let mut check = started(&place, &program, "");
        // A whole check takes some seconds: the moment is in its midst or among its last scenarios. Every second one is in
        // its start, when folder and reaper are made.
        let within = if round % 2 == 0 { 100 } else { 1500 };
        let moment = Duration::from_millis(rng.random_range(0..within));
        thread::sleep(moment);
        under_way += u64::from(check.0.try_wait().expect("it is our child").is_none());
        send(&check.0, Signal::KILL);
        check.0.wait().expect("it is our child");
        println!("round {round}: killed after {moment:?}");
        place.expect_nothing_left_soon();
    }
    assert!(under_way > 0, "every check was over before it was killed: nothing was tested");
}

#[test]
fn a_check_that_is_asked_to_end_ends_everything_first() {
    let place = Place::new();
    let program = place.app(FAMILY);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let check = started(&place, &program, "");
        eventually_is_there(&place.path("started"));
        send(&check.0, signal);
        let ran = place.ends(check);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        // Whoever presses Ctrl-C gets the prompt when all is done, not before.
        place.expect_nothing_left();
        std::fs::remove_file(place.path("started")).expect("it was there");
    }
}

#[test]
fn what_is_held_for_somebody_ends_with_ctrl_c() {
    let place = Place::new();
    let program = place.program("echo >\"$PLACE/started\"; sleep 1000 & exit 5");
    let mut check = place.check(&program, &format!("{PUBLISH} --hold"));
    let out = std::fs::File::create(place.path("out")).expect("files can be made");
    let check = UnderWay(check.stdout(out).spawn().expect("it can be started"));
    let said = || std::fs::read_to_string(place.path("out")).unwrap_or_default();
    crate::common::eventually(|| said().contains("Ctrl-C ends everything."), said);
    send(&check.0, Signal::INT);
    assert_eq!(place.ends(check).code, Some(130));
    place.expect_nothing_left();
}

#[test]
fn two_checks_at_once_in_one_clone_do_not_meet() {
    let place = Place::new();
    let program = place.app(FAMILY);
    let both = [(); 2].map(|()| started(&place, &program, PUBLISH));
    for check in both {
        let ran = place.ends(check);
        ran.ends(0, &["passed: 1 of 1 gap promise kept"]);
    }
    place.expect_nothing_left();
}

#[test]
fn a_check_that_is_killed_takes_nothing_of_another_with_it() {
    let place = Place::new();
    let waits = place
        .app("echo >\"$PLACE/started\"; until [ -e \"$PLACE/go\" ]; do sleep 0.02; done; exec \"$SOLUTION\" \"$@\"");
    let lives = started(&place, &waits, PUBLISH);
    eventually_is_there(&place.path("started"));
    let dies = started(&place, &place.app(FAMILY), "");
    std::fs::remove_file(place.path("started")).expect("it was there");
    eventually_is_there(&place.path("started"));
    send(&dies.0, Signal::KILL);
    drop(dies);
    place.write("go", "");
    place.ends(lives).ends(0, &["passed"]);
    place.expect_nothing_left_soon();
}

#[test]
fn leftovers_of_a_run_whose_reaper_died_too_are_cleared_by_the_next() {
    let place = Place::new();
    let program = place.app(FAMILY);
    let check = started(&place, &program, "");
    eventually_is_there(&place.path("started"));
    let reaper = place.reaper().expect("a check has a reaper");
    kill_process(reaper, Signal::KILL).expect("it is there");
    send(&check.0, Signal::KILL);
    drop(check);
    place.run(&mut place.check(&place.app("exec \"$SOLUTION\" \"$@\""), PUBLISH)).ends(0, &["passed"]);
    place.expect_nothing_left();
}

/// Killed in the millisecond in which its reaper starts.
#[test]
fn a_run_that_ends_before_its_reaper_has_spoken_leaves_nothing() {
    let place = Place::new();
    let folder = place.path("target/worlds/run-00000000");
    std::fs::create_dir_all(place.path("target/worlds")).expect("folders can be made");
    let mut reaper = place.checker("reaper --run run-00000000 --folder");
    let mut reaper = reaper.arg(&folder).stdout(Stdio::piped()).spawn().expect("it can be started");
    // Whom it would tell is not there, and the pipe that it waits on has ended.
    drop(reaper.stdout.take());
    let ended = reaper.wait().expect("it is our child");
    place.expect_nothing_left();
    assert!(ended.success(), "{ended}");
}
