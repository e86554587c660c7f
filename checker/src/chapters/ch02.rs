//! 2007-08-14, 02:44: 847 people at once. Nobody is lost, nobody waits for ever, and nobody else notices.

mod crowd;
mod manners;

use self::{crowd::*, manners::*};
use crate::{scenario, scenario::Scenario};

/// The longest first.
pub const SCENARIOS: &[Scenario] = &[
    scenario!(the_847).alone().limit(120),
    scenario!(login_storm_leaves_feed_alone).alone().limit(120),
    scenario!(sheds_what_waited_too_long).waits(),
    scenario!(quiet_day_is_never_shed).waits(),
    scenario!(memory_is_bounded).limit(120),
    scenario!(readers_pass_the_jam),
    scenario!(who_left_holds_no_place),
    scenario!(slow_readers_hold_no_place).waits(),
    scenario!(hashes_are_not_weakened),
    scenario!(unknown_names_cost_the_same).alone(),
    scenario!(earlier_promises),
    scenario!(waiting_is_first_come).waits(),
];
