//! 2009: what is the same for everybody stands near everybody, and nothing else does.

mod baseline;
mod deep;
mod gap;
mod keys;

use self::{baseline::*, deep::*, gap::*, keys::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(deploy_is_seen_at_once),
    scenario!(second_visit_is_local),
    scenario!(not_modified),
    scenario!(many_at_once_is_one),
    scenario!(dynamic_goes_home),
    scenario!(waiting_together_is_not_sharing),
    scenario!(memory_is_bounded),
    scenario!(nobody_speaks_for_others),
    scenario!(one_address_one_answer),
    scenario!(errors_are_not_kept),
    scenario!(plain_names_are_asked_about),
    scenario!(two_versions_at_once),
    scenario!(requests_pass_unchanged),
    scenario!(large_bodies_stream),
    scenario!(earlier_promises),
    scenario!(origin_down_static_up).waits(),
    scenario!(age_is_told).waits(),
    scenario!(first_one_leaves),
    scenario!(each_language_is_kept),
];
