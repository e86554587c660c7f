//! 2007: go out, not up. Two small boxes and somebody in front who knows which of them is busy, and which is dead.

mod busy;
mod deep;
mod passing;
mod people;
mod well;

pub use self::passing::{flows_piece_by_piece, passes_unchanged, streams_large_bodies};
use self::{busy::*, deep::*, passing::*, people::*, well::*};
use crate::{scenario, scenario::Scenario};

/// The longest first.
pub const SCENARIOS: &[Scenario] = &[
    scenario!(sick_server_is_skipped).waits(),
    scenario!(returning_server_is_used).waits(),
    scenario!(stale_connection_is_not_an_error).waits(),
    scenario!(frozen_server_is_skipped).waits(),
    scenario!(slow_request_is_not_cut).waits(),
    scenario!(ties_rotate),
    scenario!(aborted_clients_do_not_count),
    scenario!(light_goes_where_it_is_light),
    scenario!(large_bodies_stream),
    scenario!(dead_server_is_skipped),
    scenario!(earlier_promises),
    scenario!(slow_ones_are_spread),
    scenario!(post_is_never_sent_twice),
    scenario!(requests_pass_unchanged),
    scenario!(no_retry_storm),
    scenario!(drains_on_sigterm),
    scenario!(all_dead_is_503),
    scenario!(slow_answers_flow),
];
