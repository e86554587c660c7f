//! A chapter's system, started for somebody to try: where the brief's lines knock, somebody answers.

use std::{net::TcpListener, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Place, UnderWay, eventually};

#[test]
fn the_briefs_lines_can_be_pasted() {
    let place = Place::new();
    // Its balancer answers like a server: it is asked nothing here.
    let program = place.program("role=$1; [ \"$role\" != balancer ] || role=app; exec \"$SOLUTION\" \"$role\"");
    // Another test of this machine may have a port, too: then that is what has to be told.
    let taken = TcpListener::bind("127.0.0.1:8001");
    let mut run = place.checker("run 03 --program");
    let (out, errors) = (place.path("out"), place.path("errors"));
    let file = |path| std::fs::File::create(path).expect("files can be made");
    run.arg(&program).stdout(file(&out)).stderr(file(&errors)).stdin(Stdio::null());
    let mut run = UnderWay(run.spawn().expect("it can be started"));
    let read = |path| std::fs::read_to_string(path).expect("it was made");
    eventually(|| read(&out).contains("ends with Ctrl-C"), || format!("{}{}", read(&out), read(&errors)));

    let (said, complained) = (read(&out), read(&errors));
    for port in [8000, 8001, 8002] {
        let there = said.contains(&format!("http://127.0.0.1:{port}/"));
        let told = complained.contains(&format!("Port {port} is taken, so another one it is"));
        assert!(there != told, "port {port}: {said}{complained}");
    }
    assert!(!said.contains("127.0.0.1:8001/"), "{said}");

    let pid = Pid::from_raw(i32::try_from(run.0.id()).expect("it fits")).expect("it is none of zero");
    kill_process(pid, Signal::INT).expect("it is running");
    run.0.wait().expect("it is our child");
    place.expect_nothing_left();
    drop(taken);
}
