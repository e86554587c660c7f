//! What a scenario did, as a story and as a script.

use checker::world::timeline::Timeline;

#[test]
fn what_has_no_end_shows_that_it_has_none() {
    let timeline = Timeline::start();
    timeline.note("the server is killed (SIGKILL)");
    let open = timeline.begin("alice logs in");
    timeline.saw("bob visits /", "200, greets nobody");
    assert_eq!(timeline.moments()[1].saw, "");
    open.end("303 to /");
    let acts: Vec<_> = timeline.moments().into_iter().map(|moment| (moment.act, moment.saw)).collect();
    let expected =
        [("the server is killed (SIGKILL)", ""), ("alice logs in", "303 to /"), ("bob visits /", "200, greets nobody")];
    assert_eq!(acts, expected.map(|(act, saw)| (act.to_owned(), saw.to_owned())));
    let told: Vec<String> = timeline.text().lines().map(|line| line[9..].to_owned()).collect();
    assert_eq!(
        told,
        ["the server is killed (SIGKILL)", "alice logs in  →  303 to /", "bob visits /  →  200, greets nobody"]
    );
}

#[test]
fn moments_stand_in_the_order_in_which_they_began() {
    let timeline = Timeline::start();
    (0..10).for_each(|number| timeline.note(format!("act {number}")));
    let moments = timeline.moments();
    assert!(moments.windows(2).all(|pair| pair[0].at <= pair[1].at), "{moments:?}");
}

#[test]
fn a_long_story_keeps_its_beginning() {
    let timeline = Timeline::start();
    (0..1000).for_each(|number| timeline.saw(format!("act {number}"), "seen"));
    timeline.begin("one more").end("seen by nobody");
    let moments = timeline.moments();
    assert_eq!((moments.len(), moments[399].act.as_str()), (400, "act 399"));
}

#[test]
fn requests_are_a_script() {
    let timeline = Timeline::start();
    (0..3000).for_each(|number| timeline.request(format!("curl http://127.0.0.1:1/{number}")));
    let script = timeline.script();
    assert!(script.starts_with("#!/bin/sh\n#"), "{script:.80}");
    assert_eq!(script.lines().filter(|line| line.starts_with("curl ")).count(), 2000);
}
