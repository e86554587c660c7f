//! What stands under the list of promises: the story of the first open one, what could not be judged, and the sum of it all.

use super::{Look, clean, counted, failure, look, number, pass, place, terminal::Ending, word};
use crate::{
    course::{Chapter, Kind},
    gallery,
    stack::Stack,
    verdict::{Outcome, Report, Verdict},
};

/// The column of what follows `again`, as in a story.
const LABEL: usize = 10;

/// Everything from the first story to the last line.
pub fn closing(look: Look, chapter: &Chapter, report: &Report, all: bool, seconds: f64, ending: &Ending) -> String {
    let mut text = String::from("\n");
    if ending.first_time && report.verdict() == Verdict::Failed {
        text.push_str(&meant_to_fail(look, chapter));
        text.push('\n');
    }
    let celebrated = ending.pass.as_ref().filter(|_| whole(chapter, report) && report.verdict() == Verdict::Passed);
    let is_own = report.target == "chapter" && whole(chapter, report);
    for (at, outcome) in to_tell(chapter, report, all, celebrated.is_some()).into_iter().enumerate() {
        text.push_str(&failure::tell(look, chapter, outcome, all, is_own && at == 0));
        text.push('\n');
    }
    text.push_str(&not_judged(look, chapter, report));
    text.push_str(&sum(look, chapter, report, seconds));
    if report.verdict() != Verdict::Passed {
        let again = again(chapter, report);
        text.push_str(&look.labelled("again", LABEL, &again, |row| look.bright(row)));
    }
    if let Some(pass) = celebrated {
        text.push('\n');
        text.push_str(&pass::screen(look, chapter, report, pass));
    }
    text
}

/// The first open promise, in the order in which they are built: a gap, else what worked before and broke, else, where there is
/// no pass to celebrate, a deep one. Or all of them.
fn to_tell<'a>(chapter: &Chapter, report: &'a Report, all: bool, celebrating: bool) -> Vec<&'a Outcome> {
    let mut failed: Vec<&Outcome> =
        report.scenarios.iter().filter(|outcome| outcome.verdict == Verdict::Failed).collect();
    failed.sort_by_key(|outcome| place(chapter, &outcome.name));
    if all {
        return failed;
    }
    failed.truncate(1);
    failed.retain(|first| !celebrating || first.kind != Kind::Deep);
    failed
}

/// Whether every promise that a pass needs was checked.
fn whole(chapter: &Chapter, report: &Report) -> bool {
    let checked = |name: &str| report.scenarios.iter().any(|outcome| outcome.name == name);
    chapter.promises.iter().all(|promise| promise.kind == Kind::Deep || checked(&promise.name))
}

fn meant_to_fail(look: Look, chapter: &Chapter) -> String {
    let text = format!(
        "This is meant to fail. You have Gossip.com as it was in {}: it serves its users on a quiet day, and breaks where it broke \
         then. One promise after the other is yours to keep; below is the first that is open. What it is about is in \
         chapters/{}/README.md.",
        chapter.era,
        chapter.folder_name()
    );
    look.paragraph(2, &text)
}

/// What was in the checker's way, each reason once. It is never the learner's fault.
fn not_judged(look: Look, chapter: &Chapter, report: &Report) -> String {
    let mut broken: Vec<&Outcome> =
        report.scenarios.iter().filter(|outcome| outcome.verdict == Verdict::Broken).collect();
    broken.sort_by_key(|outcome| place(chapter, &outcome.name));
    let Some(first) = broken.first() else { return String::new() };

    let how_many = match broken.len() {
        1 => format!("This promise could not be judged: {}", clean::text(&first.promise)),
        many => format!("{many} promises could not be judged."),
    };
    let sign = if look.plain { "broken:" } else { "?" };
    let mut text = format!("{} {}\n", look.odd(sign), look.strong(&how_many));
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for outcome in &broken {
        let reason =
            clean::text(outcome.broken.as_deref().unwrap_or("The checker gave no reason; that is a mistake in it."));
        let name = number(chapter, &outcome.name).map_or_else(|| outcome.name.clone(), |number| number.to_string());
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let several = reasons.len() > 1;
    for (reason, names) in reasons {
        text.push_str(&look.paragraph(2, &if several { format!("{}: {reason}", names.join(", ")) } else { reason }));
    }
    let comfort = "This says nothing about your program. Once it is mended, check again.";
    text.push_str(&look.paragraph(2, comfort));
    if let Some(evidence) = &first.evidence {
        let label = look.quiet(&look::left("evidence", LABEL));
        text.push_str(&format!("  {label}{}\n", failure::from_the_root(evidence)));
    }
    text.push('\n');
    text
}

/// `2 of 5 gap promises kept · 5 of 12 points · seed 1234 · 3.2 s`
fn sum(look: Look, chapter: &Chapter, report: &Report, seconds: f64) -> String {
    let of_kind = |kind: Kind| {
        let all = report.scenarios.iter().filter(move |outcome| outcome.kind == kind);
        (all.clone().filter(|outcome| outcome.verdict == Verdict::Passed).count(), all.count())
    };
    let (gap, gaps) = of_kind(Kind::Gap);
    let (holding, baseline) = of_kind(Kind::Baseline);
    let (deep, deeps) = of_kind(Kind::Deep);
    let unjudged = report.scenarios.iter().filter(|outcome| outcome.verdict == Verdict::Broken).count();
    let unchecked = chapter.promises.len().saturating_sub(report.scenarios.len());

    let mut parts = Vec::new();
    if gaps > 0 {
        parts.push(format!("{gap} of {} kept", counted(gaps as u64, "gap promise")));
    }
    if holding < baseline || (gaps == 0 && baseline > 0) {
        parts.push(format!("{holding} of {baseline} that worked before still do"));
    }
    if gaps + baseline == 0 {
        parts.push(format!("{deep} of {} kept", counted(deeps as u64, "deep promise")));
    }
    if unjudged > 0 {
        parts.push(format!("{unjudged} not judged"));
    }
    parts.push(format!("{} of {}", report.points.earned, counted(report.points.possible, "point")));
    if unchecked > 0 {
        parts.push(format!("{} not checked", counted(unchecked as u64, "promise")));
    }
    parts.extend([format!("seed {}", report.seed), format!("{seconds:.1} s")]);

    let verdict = report.verdict();
    if look.plain {
        return format!("{}: {}\n", word(verdict), parts.join(", "));
    }
    let paint = |part: &str| match verdict {
        Verdict::Passed => look.good(part),
        Verdict::Failed => look.bad(part),
        Verdict::Broken => look.odd(part),
    };
    let (mut text, mut column) = (paint(&parts[0]), look::width(&parts[0]));
    for part in &parts[1..] {
        // A row ends between two parts, not in one.
        let fits = column + 3 + look::width(part) <= look.width;
        text.push_str(if fits { " · " } else { "\n  " });
        text.push_str(part);
        column = if fits { column + 3 } else { 2 } + look::width(part);
    }
    text + "\n"
}

/// What to type for the same check of the same program with the same data.
fn again(chapter: &Chapter, report: &Report) -> String {
    let mut command = format!("cargo xtask check {:02}", chapter.number);
    match report.target.as_str() {
        "chapter" => {}
        "solution" => command.push_str(" --solution"),
        entry if gallery::entry(chapter, entry).is_ok() => {
            command = format!("cargo run --bin checker -- check {:02} --entry {entry}", chapter.number);
        }
        folder if std::path::Path::new(folder).is_dir() => command.push_str(&format!(" --path {}", quoted(folder))),
        program => command.push_str(&format!(" --program {}", quoted(program))),
    }
    if report.stack != Stack::default() {
        command.push_str(&format!(" --stack {}", report.stack));
    }
    if let [only] = report.scenarios.as_slice()
        && chapter.promises.len() > 1
    {
        command.push_str(&format!(" --scenario {}", only.name));
    }
    format!("{command} --seed {}", report.seed)
}

/// As a shell reads it back.
fn quoted(text: &str) -> String {
    let text = clean::text(text);
    let bare = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !text.is_empty() && text.chars().all(bare) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
