//! Programs that misbehave: each gets a sentence and the right exit code, and nothing of it is left.

use std::{fs, net::TcpListener, process::Stdio, thread, time::Duration};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{PUBLISH, Place, Ran, UnderWay, eventually_is_there, filtered};

/// Checks one promise with a program whose role `app` is this script.
fn checked(place: &Place, script: &str, promise: &str) -> Ran {
    let program = place.app(script);
    let ran = place.run(&mut place.check(&program, promise));
    place.expect_nothing_left();
    ran
}

#[track_caller]
fn tells(script: &str, promise: &str, name: &str) {
    let place = Place::new();
    let ran = checked(&place, script, promise);
    filtered(|| assert_snapshot!(name, ran.page()));
    assert_eq!(ran.code, Some(1), "it is the program's fault");
}

#[test]
fn exits_at_once() {
    tells("echo 'no config, no gossip' >&2; exit 3", PUBLISH, "exits_at_once");
}

#[test]
fn exits_as_soon_as_it_is_ready() {
    // Its port was free a moment ago, and nobody listens there.
    let ran = checked(&Place::new(), "echo '{\"ready\":true,\"address\":\"127.0.0.1:1\"}'", PUBLISH);
    ran.ends(1, &["the server ended by itself: exit code 0"]);
}

#[test]
fn a_panic_is_told_with_its_place() {
    let place = Place::new();
    place.compile(
        "post",
        "fn main() {\n    let posts = [1, 2];\n    println!(\"{}\", posts[std::env::args().count() + 1]);\n}\n",
    );
    let ran = checked(&place, "exec \"$PLACE/post\"", PUBLISH);
    filtered(|| assert_snapshot!("panics", ran.page()));
    ran.ends(1, &["post.rs:3:20:", "index out of bounds: the len is 2 but the index is 2"]);
}

#[test]
fn a_server_that_never_says_that_it_is_ready_is_waited_for_once() {
    let place = Place::new();
    let script =
        "echo start >>\"$PLACE/starts\"; echo 'listening, I think'; echo '{\"ready\":\"soon\"}'; exec sleep 1000";
    let ran = checked(&place, script, "");
    ran.ends(1, &["no such line within 20 s", "| listening, I think", "0 of 5 gap promises kept"]);
    let starts = fs::read_to_string(place.path("starts")).expect("it was started");
    assert!(starts.lines().count() <= 4, "those that ran at once, and nobody after them: {}", starts.lines().count());
}

/// A server that accepts and never answers: the backlog accepts for it.
fn silent() -> (TcpListener, String) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound");
    (silent, format!("echo '{{\"ready\":true,\"address\":\"{address}\"}}'; exec sleep 1000"))
}

#[test]
fn a_server_that_accepts_and_never_answers() {
    let (_silent, script) = silent();
    tells(&script, PUBLISH, "never_answers");
}

#[test]
fn a_server_that_never_answers_is_waited_for_once() {
    let (_silent, script) = silent();
    let ran = checked(&Place::new(), &script, "--all");
    ran.ends(1, &["nothing within 15 s", "nothing within 2.0 s", "0 of 5 gap promises kept"]);
    let waits = ran.stdout.matches("saw       no answer: nothing within 15 s").count();
    assert!((1..=4).contains(&waits), "those that ran at once, and nobody after them: {waits}");
}

#[test]
fn garbage_and_debug_lines_do_not_matter() {
    let place = Place::new();
    let script = "printf '\\033[2J\\377\\376\\000 debug: 42\\n{\"ready\":true}\\n{\"ready\":false,\"address\":\"127.0.0.1:9\"}\\n'
        head -c 1000000 /dev/zero | tr '\\0' x; echo
        exec \"$SOLUTION\" \"$@\"";
    let ran = checked(&place, script, PUBLISH);
    ran.ends(0, &["passed: 1 of 1 gap promise kept"]);
}

#[test]
fn garbage_in_a_story_is_harmless() {
    let script = "printf '\\033[2J\\033[31mred\\033[0m \\377\\000 \\342\\200\\256evil\\n'; exit 4";
    tells(script, PUBLISH, "garbage_in_a_story");
}

#[test]
fn a_server_that_stays_when_it_is_told_to_stop() {
    let place = Place::new();
    // It serves all the same: in a process group of its own, where no signal of ours comes.
    let source = "use std::{env::args, os::unix::process::CommandExt, process::Command};
        fn main() {
            let words: Vec<String> = args().skip(1).collect();
            Command::new(&words[0]).args(&words[1..]).process_group(0).status().expect(\"it starts\");
        }";
    place.compile("apart", source);
    let script = "trap '' TERM; exec \"$PLACE/apart\" \"$SOLUTION\" \"$@\"";
    let ran = checked(&place, script, "--scenario stops_gracefully");
    ran.ends(1, &["it was still running 10 s after SIGTERM", "A supervisor that waits in vain"]);
}

#[test]
fn a_flood_of_log_lines_is_cut() {
    let place = Place::new();
    let script = "yes 'nothing happened, and this is the line that says so' | head -c 20000000 >&2
        exec \"$SOLUTION\" \"$@\"";
    checked(&place, script, PUBLISH).ends(0, &["passed"]);
    let log = place.path("target/last-check/01/publish_shows_on_feed/the-server.log");
    let size = log.metadata().expect("the log is evidence").len();
    assert!((16_000_000..17_000_000).contains(&size), "{size} bytes of log are kept");
    let log = fs::read_to_string(log).expect("it is text");
    assert!(log.ends_with("(the rest of this flood is not kept)\n"));
}

#[test]
fn children_that_left_their_parent_end_as_well() {
    let place = Place::new();
    // One with a session of its own where there is such a command, one without the mark in its environment.
    let script = "leave=$(command -v setsid || true)
        ( ( exec $leave sleep 1000 ) & )
        ( ( exec env -i IN=\"$PLACE\" $leave sleep 1001 ) & )
        ( trap '' TERM HUP INT; while :; do sleep 1002; done ) &
        exec \"$SOLUTION\" \"$@\"";
    checked(&place, script, PUBLISH).ends(0, &["passed"]);
}

#[test]
fn a_leak_is_stopped_at_its_limit() {
    // It looks for the end of a line, and keeps what comes before it.
    tells("exec tail -n 1 /dev/zero", PUBLISH, "leaks_memory");
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound");
    let place = Place::new();
    let ran = checked(&place, &format!("LISTEN_ADDR={address} exec \"$SOLUTION\" \"$@\""), PUBLISH);
    ran.ends(1, &["it ended before it was ready: exit code 1", "Address already in use"]);
}

#[test]
fn a_migration_that_fails() {
    let place = Place::new();
    let program = place.program("echo 'near \"tabel\": syntax error' >&2; exit 1");
    let ran = place.run(&mut place.check(&program, PUBLISH));
    filtered(|| assert_snapshot!("migration_fails", ran.page()));
    assert_eq!(ran.code, Some(1));
    place.expect_nothing_left();
}

#[test]
fn a_migration_that_makes_no_database() {
    let place = Place::new();
    let ran = place.run(&mut place.check(&place.program("exit 0"), PUBLISH));
    ran.ends(1, &["it ended well, but the file is not there"]);
    let program = place.program("echo 'once upon a time, a file that was no database' >\"${DATABASE_URL#sqlite:}\"");
    place.run(&mut place.check(&program, PUBLISH)).ends(1, &["the file is no database"]);
    place.expect_nothing_left();
}

#[test]
fn a_machine_that_stood_still_blames_nobody() {
    let place = Place::new();
    let script = "echo >\"$PLACE/started\"; until [ -e \"$PLACE/go\" ]; do sleep 0.05; done; exit 3";
    let mut check = place.check(&place.app(script), PUBLISH);
    let checker = UnderWay(check.stdout(Stdio::piped()).spawn().expect("it can be started"));
    eventually_is_there(&place.path("started"));
    let pid = Pid::from_raw(i32::try_from(checker.0.id()).expect("it fits")).expect("it is none of zero");
    kill_process(pid, Signal::STOP).expect("it is running");
    // This is the machine standing still.
    thread::sleep(Duration::from_millis(1500));
    place.write("go", "");
    kill_process(pid, Signal::CONT).expect("it is there");
    let ran = place.ends(checker);
    ran.ends(2, &["this machine stood still for", "This says nothing about your program."]);
    place.expect_nothing_left();
}

#[test]
fn a_chapter_that_does_not_compile_keeps_no_promise() {
    let place = Place::new();
    let ran = place.run(&mut place.checker("check 01 --unbuilt --label chapter --format json"));
    ran.ends(1, &[]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is one document");
    assert_eq!((&report["passed"], &report["points"]["earned"]), (&false.into(), &0.into()));
    let scenarios = report["scenarios"].as_array().expect("it is a list");
    assert!(scenarios.len() > 10 && scenarios.iter().all(|scenario| scenario["story"]["saw"] == "it does not"));
}
