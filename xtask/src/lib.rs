//! `cargo xtask`: the workshop's command line, a file for each command. It is small so that it speaks soon after a fresh
//! clone; what the checker can do, it asks the checker to do. It is a library for its tests alone.

pub mod build;
pub mod build_progress;
pub mod check;
pub mod child;
pub mod course;
pub mod diff;
pub mod doctor;
pub mod folder;
pub mod gallery;
pub mod grade;
pub mod headline;
pub mod hint;
pub mod list;
pub mod outcome;
pub mod overlay;
pub mod prepare;
pub mod progress;
pub mod repository;
pub mod reset;
pub mod run;
pub mod screen;
pub mod solution;
pub mod stack;
pub mod start;
pub mod test;
pub mod tidy;
pub mod watch;
pub mod workshop;
