//! The scenarios of each chapter, readable top to bottom, and the system that a chapter consists of.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
mod ch06;
mod ch07;
pub mod earlier;

use crate::{
    scenario::Scenario,
    world::{World, redis, site::SiteBuilder, table, table::Size},
};

/// In the order in which they start.
pub fn of(chapter: u8) -> &'static [Scenario] {
    match chapter {
        1 => ch01::SCENARIOS,
        2 => ch02::SCENARIOS,
        3 => ch03::SCENARIOS,
        4 => ch04::SCENARIOS,
        5 => ch05::SCENARIOS,
        6 => ch06::SCENARIOS,
        7 => ch07::SCENARIOS,
        _ => &[],
    }
}

/// The system of that era as people use it by hand.
pub fn system(chapter: u8, world: &mut World) -> SiteBuilder<'_> {
    match chapter {
        1 | 2 => world.site(),
        3 | 4 => world.site().apps(2).balancer(),
        5 => world.site().apps(2).balancer().redis(),
        6 => world.site().apps(2).balancer().redis().over(Size::Whole),
        _ => world.site().apps(2).balancer().redis(),
    }
}

/// Whether that chapter's servers have a Redis beside them.
pub fn has_redis(chapter: u8) -> bool {
    chapter >= 5
}

/// Makes what its scenarios need and none of them has the time for: a Redis to start from chapter 05 on, the big table
/// for 06.
pub async fn prepare(chapter: u8, full: bool, plain: bool) -> anyhow::Result<()> {
    if has_redis(chapter) {
        redis::prepare().await?;
    }
    if chapter == 6 {
        table::prepare(full, plain).await?;
    }
    Ok(())
}

/// Whether people reach that chapter's system through an edge in their city.
pub fn has_edges(chapter: u8) -> bool {
    chapter >= 7
}
