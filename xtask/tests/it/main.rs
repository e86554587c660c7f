//! The command line from end to end. One program, because linking one takes as long as linking any of several.

// What is called by tests only is a test, which clippy cannot see.
#![allow(clippy::unwrap_used)]

mod build;
mod check;
mod common;
mod folders;
mod help;
mod pages;
mod tidy;
mod watch;
