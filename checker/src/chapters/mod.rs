//! The scenarios of each chapter, readable top to bottom.

mod ch01;
pub mod earlier;

use crate::scenario::Scenario;

pub fn of(chapter: u8) -> &'static [Scenario] {
    match chapter {
        1 => ch01::SCENARIOS,
        _ => &[],
    }
}
