//! The checker's own parts, from end to end: what it says, what it does with bad programs and bad luck, and that nothing is
//! left. One program, because linking one takes as long as linking any of several.

mod big_table;
mod by_hand;
mod command_line;
mod common;
mod copies;
mod database;
mod expect;
mod gallery;
mod luck;
mod pages;
mod programs;
mod reaper;
mod reports;
mod servers;
mod timeline;
mod values;
