//! People who waited too long and were told so: with which status, when, and when to come back.

use std::time::{Duration, Instant};

use super::{
    World,
    load::{NOT_IN_TIME, Outcome, crowd::counted},
};
use crate::story::{Stop, failed};

/// Everybody who waited in vain for `what` was told to come back later, no sooner than the deadline and no later than three
/// of it.
pub fn expect_all(outcomes: &[Outcome], what: &str, world: &World, deadline: Duration) -> Result<(), Stop> {
    let told = outcomes.iter().filter(|outcome| outcome.status() == Some(503)).count();
    if told != outcomes.len() {
        let saw = format!("within three QUEUE_DEADLINE ({} ms): {}", deadline.as_millis() * 3, counted(outcomes));
        return failed(format!("{} × 503, for people who wait for {what}", outcomes.len()), saw, why(outcomes, what));
    }
    outcomes.iter().try_for_each(|outcome| expect_in_time(outcome, world, deadline))
}

/// What somebody has to know who was told something else.
fn why(outcomes: &[Outcome], what: &str) -> &'static str {
    let status = |wanted: u16| outcomes.iter().any(|outcome| outcome.status() == Some(wanted));
    let closed = |outcome: &Outcome| matches!(outcome, Outcome::Unsure(why) if why != NOT_IN_TIME);
    if outcomes.iter().any(closed) {
        "Their connections were closed without a word. Nobody of them knows whether anything has happened, nor when to come back."
    } else if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unsure(_))) {
        "Who waits too long for a page has left before it comes. Told in time, they come back later."
    } else if status(500) {
        "Nothing is broken: there is a line, and it was too long. A 500 says that nobody knows what happened."
    } else if status(429) {
        "A 429 says that this person asks too often. Each of them asked once, and waited."
    } else if (status(303) || status(302)) && what.starts_with("a core") {
        "They are served at once while others wait: whoever has no line takes what the others stand in line for."
    } else if status(303) || status(302) {
        "They are sent on as if all were well, while nobody can write: what they are told is not what has happened."
    } else if status(422) {
        "Who is refused at once, while others wait, learns that the name is nobody's: a list of your users, for who has a clock."
    } else {
        "There is a line, and it was too long: 503 says that, and that it will pass."
    }
}

fn expect_in_time(outcome: &Outcome, world: &World, deadline: Duration) -> Result<(), Stop> {
    let Outcome::Answered { headers, took, .. } = outcome else { return Ok(()) };
    if *took < deadline {
        return failed(
            format!("nobody is sent away before QUEUE_DEADLINE ({} ms)", deadline.as_millis()),
            format!("a 503 after {} ms", took.as_millis()),
            "The last of a thousand may still be in time. Only the clock knows.",
        );
    }
    if let (Some(excess), Some(began)) = (took.checked_sub(deadline * 3), Instant::now().checked_sub(*took)) {
        // A machine that stood still meanwhile makes anybody late, by as much.
        world.expect_steady_machine_since(began, excess)?;
        return failed(
            format!("everybody knows within three QUEUE_DEADLINE ({} ms)", deadline.as_millis() * 3),
            format!("a 503 after {} ms", took.as_millis()),
            "Whoever runs the site decides how long is too long, and sets QUEUE_DEADLINE to say so.",
        );
    }
    let again = headers.get("retry-after").and_then(|value| value.to_str().ok());
    if again.and_then(|again| again.parse::<u32>().ok()).is_none_or(|seconds| seconds == 0) {
        return failed(
            "Retry-After: a whole number of seconds, at least 1",
            again.map_or("no Retry-After".to_owned(), |again| format!("Retry-After: {again}")),
            "Who is sent away without a word when to come back, comes back at once.",
        );
    }
    Ok(())
}
