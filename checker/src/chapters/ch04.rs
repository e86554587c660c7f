//! 2007: servers forget. Who is logged in is known to all of them or to none, and none of them is missed.

mod deep;
mod servers;
mod sessions;

use self::{deep::*, servers::*, sessions::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(login_survives_server_death),
    scenario!(any_server_any_request),
    scenario!(one_address_is_spread),
    scenario!(load_still_counts),
    scenario!(restart_everything),
    scenario!(new_server_knows_you),
    scenario!(logout_is_everywhere),
    scenario!(forged_cookie_is_nobody),
    scenario!(new_id_at_login),
    scenario!(expired_session_is_over).waits(),
    scenario!(two_browsers),
    scenario!(cookie_is_guarded),
    scenario!(earlier_promises),
    scenario!(stolen_database_is_useless),
    scenario!(expired_rows_are_purged).waits(),
    scenario!(a_database_error_is_not_a_logout),
];
