//! 2009: what one server has asked is known to all of them, until somebody changes it.

mod baseline;
mod deep;
mod gap;

use self::{baseline::*, deep::*, gap::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(asks_once_for_all),
    scenario!(servers_agree),
    scenario!(new_post_shows_at_once),
    scenario!(new_user_shows_at_once),
    scenario!(new_like_shows_at_once),
    scenario!(forty_times_fewer),
    scenario!(expires).waits(),
    scenario!(your_name_is_not_my_name),
    scenario!(garbage_is_a_miss),
    scenario!(other_keys_survive).waits(),
    scenario!(redis_down_is_slow_not_broken),
    scenario!(starts_without_redis),
    scenario!(likes_count_once),
    scenario!(earlier_promises),
    scenario!(redis_slow_is_bounded).waits(),
    scenario!(one_recompute),
    scenario!(late_write_does_not_resurrect),
    scenario!(failed_delete_heals).waits(),
];
