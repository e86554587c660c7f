//! The scenarios of each chapter, readable top to bottom, and the system that a chapter consists of.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
pub mod earlier;

use crate::{
    scenario::Scenario,
    world::{World, site::SiteBuilder},
};

/// In the order in which they start.
pub fn of(chapter: u8) -> &'static [Scenario] {
    match chapter {
        1 => ch01::SCENARIOS,
        2 => ch02::SCENARIOS,
        3 => ch03::SCENARIOS,
        4 => ch04::SCENARIOS,
        5 => ch05::SCENARIOS,
        _ => &[],
    }
}

/// The system of that era as people use it by hand.
pub fn system(chapter: u8, world: &mut World) -> SiteBuilder<'_> {
    match chapter {
        1 | 2 => world.site(),
        3 | 4 => world.site().apps(2).balancer(),
        _ => world.site().apps(2).balancer().redis(),
    }
}

/// Whether that chapter's servers have a Redis beside them.
pub fn has_redis(chapter: u8) -> bool {
    chapter >= 5
}
