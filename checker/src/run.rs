//! Runs scenarios, each in a world of its own, and collects what became of them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Instant, SystemTime},
};

use anyhow::Context as _;
use futures_util::{
    FutureExt, StreamExt,
    future::{join, join_all},
    stream,
};
use tokio::time::timeout;

use crate::{
    alone::Turn,
    chapters,
    course::{Chapter, Promise},
    limits, overlay,
    program::Program,
    reaper::Reaper,
    report::Observer,
    scenario::Scenario,
    stack::Stack,
    story::{Failure, Stop, Story, human},
    verdict::{Outcome, Points, Report, Verdict},
    workshop,
    world::{Context, World, pulse::STALL},
};

/// Scenarios that do not measure time run this many at once, besides those that only wait.
const AT_ONCE: usize = 3;

/// So many times longer may a scenario take with the talk's own volumes.
const FULL: u32 = 10;

#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    pub stack: Stack,
    pub real_time: bool,
    pub full: bool,
    /// On a failure, keep everything alive until the run is given up.
    pub hold: bool,
    /// Only this promise.
    pub only: Option<String>,
    /// This promise before the others.
    pub first: Option<String>,
    /// Keep what the worlds leave, as the evidence of the chapter's last check.
    pub evidence: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 0,
            stack: Stack::default(),
            real_time: false,
            full: false,
            hold: false,
            only: None,
            first: None,
            evidence: true,
        }
    }
}

/// A run: its folder, its mark on processes, and the reaper that clears both away whatever happens to us.
pub struct Run {
    context: Arc<Context>,
    reaper: Option<Arc<Reaper>>,
}

impl Run {
    pub fn start(program: Program, options: &Options) -> anyhow::Result<Run> {
        let worlds = workshop::worlds()?;
        std::fs::create_dir_all(&worlds)
            .with_context(|| format!("making {}; is the disk full or read-only?", worlds.display()))?;
        limits::expect_room(&worlds)?;
        let id = format!("run-{:08x}", rand::random::<u32>());
        let folder = worlds.join(&id);
        let reaper =
            Arc::new(Reaper::start(&id, &folder).context("starting the process that cleans up after this one")?);
        let watching = reaper.clone();
        let watch = Box::new(move |process: &crate::world::process::Process| watching.watch(process.pid()));
        let mut context = Context::new(program, id, folder, watch)?;
        context.stack = options.stack;
        (context.real_time, context.full, context.seed) = (options.real_time, options.full, options.seed);
        Ok(Run { context: Arc::new(context), reaper: Some(reaper) })
    }

    pub fn folder(&self) -> &Path {
        &self.context.folder
    }

    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Holds the program to one promise.
    pub async fn one(
        &self,
        promise: &Promise,
        scenario: &Scenario,
        options: &Options,
        observer: &dyn Observer,
    ) -> Outcome {
        let waiting = || observer.waiting("another check of this clone is running");
        let turn = if scenario.alone { Turn::alone(waiting).await } else { Turn::shared(waiting).await };
        let _turn = match turn {
            Ok(turn) => turn,
            Err(error) => return Outcome::of(promise, Verdict::Broken).because(&error.context("waiting for its turn")),
        };
        observer.started(&promise.name);
        let limit = scenario.limit * if options.full { FULL } else { 1 };
        let (began, start) = (Instant::now(), SystemTime::now());
        let mut world = match World::new(self.context.clone(), &promise.name, options.seed) {
            Ok(world) => world,
            Err(error) => return Outcome::of(promise, Verdict::Broken).because(&error),
        };
        let played = std::panic::AssertUnwindSafe(timeout(limit, (scenario.run)(&mut world))).catch_unwind();
        let result = match played.await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => {
                let expected = format!("an end within {}", human(limit));
                let saw = "the last thing in the timeline never came to one";
                let failure = Failure::new(expected, saw, "Somebody is still waiting.");
                // By now, what it had is cleared away.
                Err(Stop::Failed(Failure { at: start + limit, ..failure }))
            }
            Err(panic) => Err(Stop::Broken(anyhow::anyhow!("the checker panicked: {}", panic_text(&*panic)))),
        };
        let mut outcome = Outcome::of(promise, Verdict::Passed);
        outcome.seconds = began.elapsed().as_secs_f64();
        outcome.measured = world.take_measured();
        match result {
            Ok(()) => outcome.points = promise.points,
            Err(Stop::Broken(error)) => outcome = outcome.because(&error),
            Err(Stop::Failed(failure)) => {
                let stall = self.context.pulse.worst_since(began);
                if stall > STALL {
                    let stall = human(stall);
                    outcome = outcome.because(&anyhow::anyhow!(
                        "this machine stood still for {stall}, too busy to be judged on; close what else is running and check again"
                    ));
                } else if let Err(error) = limits::expect_room(world.folder()) {
                    outcome = outcome.because(&error);
                } else {
                    outcome.verdict = Verdict::Failed;
                    outcome.story = Some(story(&world, failure).await);
                }
            }
        }
        if options.hold && outcome.verdict == Verdict::Failed {
            observer.held(&outcome, &world.alive(), world.folder());
            // Whoever looks around ends it with Ctrl-C, and the command with it.
            std::future::pending::<()>().await;
        }
        if let Err(Stop::Broken(error)) = world.close().await {
            outcome = outcome.because(&error);
        }
        if let Err(error) = leave_evidence(&world, &outcome) {
            outcome = outcome.because(&error.context("keeping the evidence"));
        }
        outcome.evidence = Some(world.folder().to_owned());
        observer.finished(&outcome);
        outcome
    }

    /// Ends what is still running and removes this run's folder.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let reaper = self.reaper.take();
        drop(self.context);
        // The context's watch held the other handle.
        if let Some(reaper) = reaper.and_then(Arc::into_inner) {
            reaper.finish().context("cleaning up")?;
        }
        Ok(())
    }
}

/// Checks a chapter: all its promises, or the one asked for.
pub async fn check(
    chapter: &Chapter,
    program: &Program,
    options: &Options,
    observer: &dyn Observer,
) -> anyhow::Result<Report> {
    let mut wanted: Vec<(&Promise, &Scenario)> = Vec::new();
    for promise in &chapter.promises {
        let scenario = chapter.scenarios().iter().find(|scenario| scenario.name == promise.name);
        let scenario = scenario.with_context(|| format!("no scenario holds the promise {}", promise.name))?;
        if options.only.as_ref().is_none_or(|only| *only == promise.name) {
            wanted.push((promise, scenario));
        }
    }
    if wanted.is_empty() {
        let names: Vec<_> = chapter.promises.iter().map(|promise| promise.name.as_str()).collect();
        anyhow::bail!("no promise of {} has that name; they are {}", chapter.folder_name(), names.join(", "));
    }
    // The table says which is best started first.
    wanted.sort_by_key(|(_, scenario)| chapter.scenarios().iter().position(|other| other.name == scenario.name));
    overlay::expect_runs_on(chapter, options.stack)?;
    // A scenario has no time for that.
    chapters::prepare(chapter.number, options.full, false).await?;
    let run = Run::start(program.clone(), options)?;
    if options.stack == Stack::Servers {
        // What is wrong with them is said once, before anything is judged.
        run.context.servers().await?;
        if chapters::has_redis(chapter.number) {
            run.context.shared_redis().await?;
        }
    }
    let position = |outcome: &Outcome| chapter.promises.iter().position(|promise| promise.name == outcome.name);

    let mut outcomes = Vec::new();
    let (first, rest): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|(promise, _)| options.first.as_ref() == Some(&promise.name));
    for (promise, scenario) in first {
        outcomes.push(run.one(promise, scenario, options, observer).await);
    }
    let (alone, together): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, scenario)| scenario.alone);
    let (waiting, busy): (Vec<_>, Vec<_>) = together.into_iter().partition(|(_, scenario)| scenario.waits);
    let one = |(promise, scenario)| run.one(promise, scenario, options, observer);
    let (waited, worked) = join(
        join_all(waiting.into_iter().map(one)),
        stream::iter(busy.into_iter().map(one)).buffer_unordered(AT_ONCE).collect::<Vec<_>>(),
    )
    .await;
    outcomes.extend(waited.into_iter().chain(worked));
    for (promise, scenario) in alone {
        outcomes.push(run.one(promise, scenario, options, observer).await);
    }
    outcomes.sort_by_key(position);

    let points = Points {
        earned: outcomes.iter().map(|outcome| outcome.points).sum(),
        possible: outcomes
            .iter()
            .filter_map(|outcome| chapter.promise(&outcome.name))
            .map(|promise| promise.points)
            .sum(),
    };
    let mut report = Report {
        chapter: chapter.folder_name(),
        target: program.label.clone(),
        stack: options.stack,
        seed: options.seed,
        passed: false,
        points,
        scenarios: outcomes,
        servers: Vec::new(),
    };
    if options.stack == Stack::Servers {
        let servers = run.context.servers().await?;
        report.servers = servers.about();
        servers.end().await.context("leaving the database server as it was")?;
    }
    report.passed = match options.only {
        Some(_) => report.scenarios.iter().all(|outcome| outcome.verdict == Verdict::Passed),
        None => Report::done(&report.scenarios),
    };
    if options.evidence {
        keep(chapter, &run, &mut report).context("keeping the result of this check")?;
    }
    run.finish()?;
    Ok(report)
}

/// Moves the worlds to where the evidence of the last check is, and writes the result beside them.
fn keep(chapter: &Chapter, run: &Run, report: &mut Report) -> anyhow::Result<()> {
    let place = workshop::last_check(chapter)?;
    let old = run.folder().join("replaced");
    let new = run.folder().join("evidence");
    std::fs::create_dir_all(&new)?;
    for outcome in &mut report.scenarios {
        if let Some(world) = &outcome.evidence {
            std::fs::rename(world, new.join(&outcome.name))?;
            outcome.evidence = Some(place.join(&outcome.name));
        }
    }
    std::fs::write(new.join("result.json"), serde_json::to_vec_pretty(&report)?)?;
    std::fs::create_dir_all(place.parent().unwrap_or(Path::new(".")))?;
    // Another check of this chapter may do the same at this moment: the last one stays.
    for attempt in 0.. {
        match std::fs::rename(&place, old.join(attempt.to_string())) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !old.exists() => {
                std::fs::create_dir_all(&old)?;
                continue;
            }
            _ => {}
        }
        match std::fs::rename(&new, &place) {
            Ok(()) => break,
            Err(error) if attempt > 20 => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(())
}

fn leave_evidence(world: &World, outcome: &Outcome) -> anyhow::Result<()> {
    let folder = world.folder();
    std::fs::write(folder.join("timeline.txt"), world.timeline().text())?;
    std::fs::write(folder.join("requests.sh"), world.timeline().script())?;
    if let Some(story) = &outcome.story {
        let Story { expected, saw, why, .. } = story;
        std::fs::write(folder.join("story.txt"), format!("expected  {expected}\nsaw       {saw}\n\n{why}\n"))?;
    }
    Ok(())
}

async fn story(world: &World, failure: Failure) -> Story {
    for mishap in world.mishaps().await {
        world.note(mishap);
    }
    Story {
        timeline: world.timeline().moments(),
        last_words: world.last_words(failure.process.as_deref(), failure.at),
        expected: failure.expected,
        saw: failure.saw,
        why: failure.why,
    }
}

impl Outcome {
    fn because(self, error: &anyhow::Error) -> Outcome {
        Outcome { verdict: Verdict::Broken, points: 0, story: None, broken: Some(format!("{error:#}")), ..self }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// Where evidence is, as a learner would type it.
pub fn from_root(path: &Path) -> PathBuf {
    path.strip_prefix(workshop::root()).unwrap_or(path).to_owned()
}
