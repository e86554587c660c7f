//! 2007: go out, not up. Two small boxes and somebody in front who knows which of them is busy, and which is dead.

mod busy;
mod deep;
mod passing;
mod people;
mod well;

use self::{busy::*, deep::*, passing::*, people::*, well::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(slow_ones_are_spread),
    scenario!(light_goes_where_it_is_light),
    scenario!(dead_server_is_skipped),
    scenario!(sick_server_is_skipped),
    scenario!(all_dead_is_503),
    scenario!(ties_rotate),
    scenario!(returning_server_is_used),
    scenario!(aborted_clients_do_not_count),
    scenario!(post_is_never_sent_twice),
    scenario!(requests_pass_unchanged),
    scenario!(large_bodies_stream),
    scenario!(slow_answers_flow),
    scenario!(slow_request_is_not_cut),
    scenario!(earlier_promises),
    scenario!(frozen_server_is_skipped),
    scenario!(stale_connection_is_not_an_error),
    scenario!(drains_on_sigterm),
    scenario!(no_retry_storm),
];
