//! 2004: Gossip.com goes live. One process, one file; what is published stays published, and says what its author said.

mod accounts;
mod crowd;
mod deep;
mod jam;
mod publish;
mod serving;

use self::{accounts::*, deep::*, publish::*, serving::*};
use crate::{scenario, scenario::Scenario};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(publish_shows_on_feed),
    scenario!(survives_restart).waits(),
    scenario!(author_is_the_session),
    scenario!(shows_text_as_text),
    scenario!(keeps_what_you_typed),
    scenario!(register_login_logout),
    scenario!(wrong_password_is_refused),
    scenario!(one_name_one_person),
    scenario!(unfit_is_refused),
    scenario!(needs_login),
    scenario!(cross_site_form_refused),
    scenario!(passwords_are_hashed),
    scenario!(pages_keep_their_shape),
    scenario!(stops_gracefully),
    scenario!(double_click_is_one_post),
    scenario!(a_thousand_posts_stay_bounded),
    scenario!(order_holds_in_a_crowd),
];
