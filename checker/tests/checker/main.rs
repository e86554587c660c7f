//! The checker's own parts, from end to end: what it says, what it does with bad programs and bad luck, and that nothing is
//! left. One program, because linking one takes as long as linking any of several.

mod common;
mod luck;
mod programs;
mod reaper;
