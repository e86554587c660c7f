//! Judges a chapter's program from the outside: starts it as real processes, speaks to it as its users do, injects the
//! fault that the chapter is about, and tells what a user saw.
//!
//! The way through: [`course`] knows the chapters and their promises, [`run`] gives each scenario of [`chapters`] a
//! [`world`] of its own and collects verdicts, [`report`] shows them. Nothing here imports a chapter.

pub mod alone;
pub mod chapters;
pub mod course;
pub mod gallery;
pub mod headline;
pub mod kill_score;
pub mod limits;
mod once;
pub mod overlay;
pub mod program;
pub mod reaper;
pub mod report;
pub mod run;
pub mod scenario;
pub mod stack;
pub mod story;
pub mod tools;
pub mod verdict;
pub mod workshop;
pub mod world;
