//! The command line from end to end. One program, because linking one takes as long as linking any of several.

// What is called by tests only is a test, which clippy cannot see.
#![allow(clippy::unwrap_used)]

mod check;
mod common;
mod tidy;
