//! 2009: ten million rows, and the 847 that somebody wants to see. What is read follows what is found.

mod baseline;
mod deep;
mod gap;

use self::{baseline::*, deep::*, gap::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(profile_reads_only_its_rows).limit(120),
    scenario!(no_sort_step),
    scenario!(tag_page_too).limit(120),
    scenario!(page_eighty_is_as_fast).limit(120),
    scenario!(pages_have_every_gossip),
    scenario!(mistyped_links_are_no_error),
    scenario!(writes_pay_little),
    scenario!(migrates_live_data),
    scenario!(pages_are_not_remembered),
    scenario!(earlier_promises),
    scenario!(links_outlive_their_gossip),
];
