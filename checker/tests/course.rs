//! The course held to itself, a test for each scenario and each answer of the gallery: solutions keep every promise, history
//! keeps what worked and breaks each gap, wrong answers are caught by the promises that must catch them, in words that are
//! held as snapshots, and right ones pass.
//!
//! No harness of libtest's: the list of tests is the course itself. `cargo xtask test` builds the programs first.

use std::{path::PathBuf, sync::LazyLock};

use anyhow::{Context, bail, ensure};
use checker::{
    course::{self, Chapter, Kind},
    gallery::{self, Entry},
    kill_score, limits, overlay,
    program::Program,
    report::Silent,
    run::{self, Options},
    stack::Stack,
    story::Story,
    verdict::{Outcome, Report, Verdict},
    workshop,
    world::servers,
};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// Stories of the same seed tell of the same people.
const SEED: u64 = 20_040_214;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::from_args();
    limits::raise_open_files();
    let mut trials = Vec::new();
    for chapter in course::chapters()? {
        trials.push(of_promises(&chapter));
        let stacks = [Stack::Embedded, Stack::Servers].into_iter();
        let stacks = stacks.filter(|&stack| overlay::expect_runs_on(&chapter, stack).is_ok());
        let stacks: Vec<_> = stacks.collect();
        trials.extend(stacks.iter().flat_map(|&stack| of_solution(&chapter, stack)));
        for entry in gallery::entries(&chapter)? {
            trials.extend(match entry.kind() {
                gallery::Kind::History => {
                    stacks.iter().flat_map(|&stack| of_history(&chapter, &entry, stack)).collect()
                }
                gallery::Kind::Wrong => of_wrong(&chapter, &entry)?,
                gallery::Kind::Right => vec![of_right(&chapter, &entry)],
            });
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// On the stack `servers` as well; left out, and listed as ignored, where this machine has none.
fn on(
    stack: Stack,
    chapter: &Chapter,
    name: &str,
    test: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
) -> Trial {
    match stack {
        Stack::Embedded => trial(chapter, name, test),
        Stack::Servers => trial(chapter, &format!("servers::{name}"), test).with_ignored_flag(MISSING.is_some()),
    }
}

/// What the stack `servers` lacks here.
static MISSING: LazyLock<Option<String>> = LazyLock::new(|| {
    let missing = Runtime::new().ok()?.block_on(servers::plan()).err().map(|error| format!("{error:#}"));
    if let Some(missing) = &missing {
        eprintln!("The tests on the stack `servers` are left out: {missing}.");
    }
    missing
});

fn trial(chapter: &Chapter, name: &str, test: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> Trial {
    let name = format!("{:02}::{name}", chapter.number);
    Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:#}"))))
}

/// chapter.toml and the scenarios are two lists of the same.
fn of_promises(chapter: &Chapter) -> Trial {
    let chapter = chapter.clone();
    trial(&chapter.clone(), "promises_have_scenarios", move || {
        let mut scenarios: Vec<_> = chapter.scenarios().iter().map(|scenario| scenario.name).collect();
        let mut promises: Vec<_> = chapter.promises.iter().map(|promise| promise.name.as_str()).collect();
        // Promises stand in the order in which they are kept, scenarios in that in which they start.
        scenarios.sort_unstable();
        promises.sort_unstable();
        ensure!(
            scenarios == promises,
            "chapter.toml and the scenarios must have the same names; the scenarios are {scenarios:?}"
        );
        Ok(())
    })
}

/// Each promise is kept by the solution, deep ones too.
fn of_solution(chapter: &Chapter, stack: Stack) -> Vec<Trial> {
    let of = |promise: &course::Promise| {
        let (chapter, name) = (chapter.clone(), promise.name.clone());
        on(stack, &chapter.clone(), &format!("solution::{name}"), move || {
            let file = workshop::programs(stack)?.join(chapter.solution_package());
            ensure!(file.is_file(), "{} is not built; cargo xtask test builds it", chapter.solution_package());
            let outcome = one(&chapter, &Program::binary(&file, "solution"), &name, stack)?;
            expect(&outcome, Verdict::Passed)
        })
    };
    chapter.promises.iter().map(of).collect()
}

/// What worked before still works in the starter, and each gap is open.
fn of_history(chapter: &Chapter, entry: &Entry, stack: Stack) -> Vec<Trial> {
    let needed = chapter.promises.iter().filter(|promise| promise.kind != Kind::Deep);
    let of = |promise: &course::Promise| {
        let (chapter, entry, promise) = (chapter.clone(), entry.clone(), promise.clone());
        on(stack, &chapter.clone(), &format!("history::{}", promise.name), move || {
            let outcome = one(&chapter, &program(&chapter, &entry, stack)?, &promise.name, stack)?;
            match promise.kind {
                Kind::Gap => golden(&chapter, &entry, &outcome),
                Kind::Baseline | Kind::Deep => expect(&outcome, Verdict::Passed),
            }
        })
    };
    needed.map(of).collect()
}

/// Caught by each promise that is named, and told in these words.
fn of_wrong(chapter: &Chapter, entry: &Entry) -> anyhow::Result<Vec<Trial>> {
    ensure!(!entry.caught_by.is_empty(), "{} of {} is caught by nothing", entry.name, chapter.folder_name());
    for name in &entry.caught_by {
        let promise = chapter.promise(name);
        let promise = promise.with_context(|| format!("{}: there is no promise {name}", entry.folder.display()))?;
        ensure!(promise.kind != Kind::Deep, "{}: {name} is deep, and stops nobody", entry.folder.display());
    }
    let of = |name: &String| {
        let (chapter, entry, name) = (chapter.clone(), entry.clone(), name.clone());
        trial(&chapter.clone(), &format!("{}::{name}", entry.name.replace('/', "::")), move || {
            let report = check(&chapter, &program(&chapter, &entry, Stack::Embedded)?, Some(&name), Stack::Embedded)?;
            kill_score::record(&chapter, &entry, &name, &report)?;
            golden(&chapter, &entry, report.scenarios.first().context("one promise was checked")?)
        })
    };
    Ok(entry.caught_by.iter().map(of).collect())
}

/// Passes everything that a pass needs.
fn of_right(chapter: &Chapter, entry: &Entry) -> Trial {
    let (chapter, entry) = (chapter.clone(), entry.clone());
    trial(&chapter.clone(), &entry.name.replace('/', "::"), move || {
        let report = check(&chapter, &program(&chapter, &entry, Stack::Embedded)?, None, Stack::Embedded)?;
        kill_score::record(&chapter, &entry, "all", &report)?;
        let mut needed = report.scenarios.iter().filter(|outcome| outcome.kind != Kind::Deep);
        needed.try_for_each(|outcome| expect(outcome, Verdict::Passed))
    })
}

fn program(chapter: &Chapter, entry: &Entry, stack: Stack) -> anyhow::Result<Program> {
    Ok(Program::binary(&overlay::built_entry(chapter, entry, stack)?, &entry.name))
}

fn one(chapter: &Chapter, program: &Program, name: &str, stack: Stack) -> anyhow::Result<Outcome> {
    let report = check(chapter, program, Some(name), stack)?;
    report.scenarios.into_iter().next().context("one promise was checked")
}

/// As `check` does, but that its evidence goes with it: tests of one chapter run side by side.
fn check(chapter: &Chapter, program: &Program, only: Option<&str>, stack: Stack) -> anyhow::Result<Report> {
    let options = Options { seed: SEED, stack, only: only.map(str::to_owned), evidence: false, ..Options::default() };
    let runtime = Runtime::new().context("starting threads")?;
    let report = runtime.block_on(run::check(chapter, program, &options, &Silent));
    runtime.shutdown_background();
    report
}

fn expect(outcome: &Outcome, verdict: Verdict) -> anyhow::Result<()> {
    if outcome.verdict == verdict {
        return Ok(());
    }
    let told = outcome.story.as_ref().map(whole).or(outcome.broken.clone()).unwrap_or_default();
    bail!("{} {:?}, not {verdict:?}\n{told}", outcome.name, outcome.verdict)
}

/// It failed, and its story is the one in snapshots/: the text of a failure is what a learner works with.
fn golden(chapter: &Chapter, entry: &Entry, outcome: &Outcome) -> anyhow::Result<()> {
    expect(outcome, Verdict::Failed)?;
    let story = outcome.story.as_ref().context("a failure has a story")?;
    let Story { expected, saw, why, .. } = story;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(SNAPSHOTS.as_path());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, name) in FILTERS {
        settings.add_filter(pattern, *name);
    }
    let name = format!("{:02}-{}-{}", chapter.number, entry.name.replace('/', "-"), outcome.name);
    settings.bind(|| insta::assert_snapshot!(name, format!("expected  {expected}\nsaw       {saw}\n\n{why}\n")));
    Ok(())
}

static SNAPSHOTS: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));

/// What differs from run to run, and machine to machine.
const FILTERS: &[(&str, &str)] = &[
    (r"\b[a-z]{4,6}\d{4}\b", "NAME"),
    (r"“[^”]*says number \d+”?…?”?", "“GOSSIP”"),
    (r"127\.0\.0\.\d+:\d+", "ADDRESS"),
    (r"\b\d+(\.\d+)? (ms|s|µs)\b", "TIME"),
    (r"\b\d+(\.\d+)? (MiB|KiB|bytes)\b", "SIZE"),
    (r"\bm?[0-9a-f]{8,}\b", "HEX"),
    // Who is picked is the seed's and the program's business, and so is who gets how much.
    (r"\bserver \d+: \d+", "server N: COUNT"),
    (r"\bserver \d+\b", "server N"),
    (r"\b(asked|got) \d+( times)?\b", "$1 COUNT$2"),
    (r"\b\d+ of 30 went\b", "some of 30 went"),
    (r"\bdiffer in \d+ bits\b", "differ in FEW bits"),
    // The salt and the hash.
    (r"(,p=\d+)\$[A-Za-z0-9+/$]+", "$1$$RANDOM"),
    // As HTTP writes it.
    (r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "DATE"),
    // Which gossip was the newest, and who the last to arrive, depends on when it went wrong; so do numbers of likes.
    (r"“[\w.]+ whispered in #[^”]*”", "“AN OLDER GOSSIP”"),
    (r"“aunt_may”", "“NAME”"),
    (r"\bhas \d+ likes?\b", "has COUNT likes"),
    (r"\bit has \d+\b", "it has COUNT"),
    // The tag of a file, whatever it is made of.
    (r#"\b(has|tag is) "[^"]*""#, "$1 TAG"),
    // Three cities open a page at once.
    (r"\b(Tokyo|Frankfurt|São Paulo)\b", "CITY"),
    // How long nothing was remembered.
    (r"\b\d+ different ones\b", "COUNT different ones"),
    // How many of a crowd were lucky.
    (r"\b\d+ × (\d{3}), \d+ × (\d{3})\b", "some × $1, others × $2"),
];

/// With everything that led to it, for whoever reads a red test.
fn whole(story: &Story) -> String {
    let mut text = String::new();
    for moment in &story.timeline {
        text.push_str(&format!("  {:06.3}  {}  {}\n", moment.at, moment.act, moment.saw));
    }
    text.push_str(&format!("expected  {}\nsaw       {}\n\n{}\n", story.expected, story.saw, story.why));
    for words in &story.last_words {
        text.push_str(&format!("{}: {:?}\n", words.process, words.panic));
        words.lines.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}
