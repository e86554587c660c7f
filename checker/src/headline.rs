//! The figures that the talk has for a chapter, measured on what history did and on the chapter's answer. Benchmarks, not
//! tests: nothing here fails for being slow.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
mod ch06;
mod ch07;

use std::{pin::Pin, time::Duration};

use anyhow::{Context as _, anyhow};

use crate::{
    chapters,
    course::Chapter,
    program::Program,
    report::headline::{Headline, Row},
    run::{Options, Run},
    story::{Stop, human},
    world::World,
};

/// One figure of one program.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub what: String,
    pub value: f64,
    /// How it is shown: `12 ms`, `3,400 a second`.
    pub shown: String,
    pub better: Better,
}

/// Which way a figure improves; it decides how the ratio reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

impl Figure {
    pub fn time(what: &str, time: Duration) -> Figure {
        Figure { what: what.to_owned(), value: time.as_secs_f64(), shown: human(time), better: Better::Lower }
    }

    pub fn rate(what: &str, a_second: f64) -> Figure {
        let shown = format!("{a_second:.0} a second");
        Figure { what: what.to_owned(), value: a_second, shown, better: Better::Higher }
    }

    pub fn count(what: &str, count: usize, better: Better) -> Figure {
        Figure { what: what.to_owned(), value: count as f64, shown: count.to_string(), better }
    }

    /// What is no number, and better or worse than another by nothing that can be divided.
    pub fn words(what: &str, words: &str) -> Figure {
        Figure { what: what.to_owned(), value: 0.0, shown: words.to_owned(), better: Better::Lower }
    }
}

/// What a chapter measures of one program.
pub struct Bench {
    pub measure: Measure,
    /// What must be known to read the figures.
    pub notes: &'static [&'static str],
}

pub type Measure = fn(&mut World) -> Measuring<'_>;
pub type Measuring<'a> = Pin<Box<dyn Future<Output = Result<Vec<Figure>, Stop>> + Send + 'a>>;

fn bench_of(chapter: u8) -> Option<&'static Bench> {
    match chapter {
        1 => Some(&ch01::BENCH),
        2 => Some(&ch02::BENCH),
        3 => Some(&ch03::BENCH),
        4 => Some(&ch04::BENCH),
        5 => Some(&ch05::BENCH),
        6 => Some(&ch06::BENCH),
        7 => Some(&ch07::BENCH),
        _ => None,
    }
}

/// Measures both programs, one after the other.
pub async fn measure(
    chapter: &Chapter,
    before: &Program,
    after: &Program,
    real_time: bool,
    full: bool,
) -> anyhow::Result<Headline> {
    let bench = bench_of(chapter.number).context("this chapter has no headline yet")?;
    chapters::prepare(chapter.number, full, false).await?;
    let options = Options { seed: u64::from(rand::random::<u32>()), real_time, full, ..Options::default() };
    let before = figures(before, &options, bench.measure).await.context("measuring what history did")?;
    let after = figures(after, &options, bench.measure).await.context("measuring the solution")?;
    let rows = before.iter().map(|before| row(before, after.iter().find(|after| after.what == before.what)));
    let mut notes: Vec<String> = bench.notes.iter().map(|&note| note.to_owned()).collect();
    notes.push(format!("Measured on {} cores, in one run, seed {}.", cores(), options.seed));
    Ok(Headline { chapter: chapter.folder_name(), talk: chapter.figure.clone(), rows: rows.collect(), notes })
}

async fn figures(program: &Program, options: &Options, measure: Measure) -> anyhow::Result<Vec<Figure>> {
    let run = Run::start(program.clone(), options)?;
    let figures = {
        let mut world = World::new(run.context().clone(), "headline", options.seed)?;
        let figures = measure(&mut world).await;
        world.close().await.map_err(told)?;
        figures
    };
    run.finish()?;
    figures.map_err(told)
}

/// A figure has no promise to break: whatever stopped it is told, and nobody is blamed.
fn told(stop: Stop) -> anyhow::Error {
    match stop {
        Stop::Broken(error) => error,
        Stop::Failed(failure) => anyhow!("expected {}, saw {}", failure.expected, failure.saw),
    }
}

fn row(before: &Figure, after: Option<&Figure>) -> Row {
    let ratio = after.and_then(|after| {
        let (more, less) = match before.better {
            Better::Lower => (before.value, after.value),
            Better::Higher => (after.value, before.value),
        };
        (less > 0.0 && more > 0.0).then(|| times(more / less))
    });
    let shown = after.map_or_else(|| "–".to_owned(), |after| after.shown.clone());
    Row { what: before.what.clone(), before: before.shown.clone(), after: shown, ratio }
}

/// `46×`, `1.3×`
fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}×") } else { format!("{ratio:.1}×") }
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
