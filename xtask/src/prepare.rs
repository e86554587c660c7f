//! `prepare`: everything that needs the network or takes long, done beforehand.

use std::{process::Command, time::Instant};

use anyhow::{Result, bail};

use crate::{
    build, child,
    doctor::{self, GIB},
    folder::files,
    screen::lasted,
    workshop::Workshop,
};

/// What a full build of the workspace and its tests takes, with room for the checks' own databases.
pub const DISK: u64 = 8 * GIB;

pub const HELP: &str = "\
It fetches every crate and builds the checker, all chapters, all solutions and the tests: up to 8 GiB in target/. Without a Redis on PATH it builds a compatible one, too, and it makes the table of 300,000 posts that chapter 06 is about. \
After it, no check needs the network.

Exit codes:
  0  everything is there
  1  a chapter or a solution does not compile; the rest is there
  2  the network, the disk or the checker did not let it finish; the last line says what to do";

pub fn run(workshop: &Workshop) -> Result<u8> {
    let repository = &workshop.repository;
    let began = Instant::now();
    let free = doctor::free_disk(repository);
    if let Some(free) = free.filter(|free| *free < DISK && !repository.checker().is_file()) {
        let needed = DISK / GIB;
        bail!("{:.1} GiB are free, and everything takes up to {needed}; make room and try again", gib(free));
    }
    println!("fetching every crate");
    match child::run(repository.cargo().arg("fetch"))? {
        0 => println!("fetched in {}", lasted(began.elapsed())),
        _ => bail!("not all crates could be fetched; once there is a network, run `cargo xtask prepare` again"),
    }

    println!("building the checker, every chapter, every solution and the tests");
    let all = [String::from("--workspace"), String::from("--all-targets")];
    let built = build::run(repository, &["build", "--keep-going"], &all, &["everything".to_owned()])?;
    let checker = built.checker()?;
    let mut missing = 0;
    for chapter in &workshop.chapters {
        for package in [chapter.package(), chapter.solution_package()] {
            if built.program(&package).is_none() {
                missing += 1;
                println!("{package} does not compile");
            }
        }
    }
    if !built.success && missing == 0 {
        bail!("the tests do not compile; `cargo test --workspace --no-run` says where");
    }
    if child::run(Command::new(checker).arg("prepare"))? != 0 {
        bail!("chapters from 05 on need more than a program, and not all of that is there; the reason is above");
    }
    let size: u64 = files(&repository.target)?
        .iter()
        .filter_map(|file| repository.target.join(file).metadata().ok())
        .map(|data| data.len())
        .sum();
    println!("built in {}; {} holds {:.1} GiB", lasted(began.elapsed()), repository.target.display(), gib(size));
    println!("ready: no check needs the network now");
    Ok(u8::from(missing > 0))
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / GIB as f64
}
