//! The house rules: on a clone that keeps them, on one that breaks each, and on this repository.

use std::path::Path;

use xtask::{
    course,
    tidy::{Clone, Finding, briefs, gallery, lineage, manifests, sources, texts},
};

use crate::common::{Clone as Temporary, RIGHT};

type Rule = fn(&Clone) -> anyhow::Result<Vec<Finding>>;

fn findings(root: &Path, rule: Rule) -> Vec<String> {
    let chapters = course::load(root).unwrap();
    let found = rule(&Clone { root, chapters: &chapters }).unwrap();
    found.into_iter().map(|finding| finding.to_string()).collect()
}

/// Asserts that a rule finds just these files, each with these words.
#[track_caller]
fn finds(clone: &Temporary, rule: Rule, expected: &[(&str, &str)]) {
    let found = findings(clone.root(), rule);
    let fits = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (file, words))| found.starts_with(file) && found.contains(words));
    assert!(fits, "expected {expected:#?}, found {found:#?}");
}

#[test]
fn a_tidy_clone_has_nothing_to_mend() {
    let clone = Temporary::new();
    clone.xtask("tidy").ends(0, &["Nothing to mend."]);
    clone.remove("LICENSE-MIT");
    clone.xtask("tidy").ends(1, &["LICENSE-MIT", "put the licence's text there", "One thing to mend."]);
}

#[test]
fn an_archive_without_a_history_is_looked_at_as_well() {
    let clone = Temporary::new();
    clone.remove(".git");
    clone.write("target/notes.md", "[nowhere](no.md)\n");
    clone.xtask("tidy").ends(0, &["Nothing to mend."]);
    clone.write("notes.md", "[nowhere](no.md)\n");
    finds(&clone, texts::texts, &[("notes.md:1", "links to no.md")]);
}

#[test]
fn chapters_are_as_shipped() {
    let clone = Temporary::new();
    clone.write("chapters/01-first/src/main.rs", RIGHT);
    clone.write("chapters/01-first/src/notes.rs", "//! Mine.\n");
    clone.write("chapters/01-first/README.md", "# My notes\n");
    clone.remove("chapters/02-second");
    let shipped = [
        ("chapters/01-first/src/main.rs", "`cargo xtask reset 01`"),
        ("chapters/01-first/src/notes.rs", "is there, and is not in"),
        ("chapters/02-second", "is missing"),
    ];
    finds(&clone, lineage::shipped, &shipped);
    // A learner's answers are no news to what has to hold in every clone.
    finds(&clone, lineage::starters, &[]);
    finds(&clone, lineage::solutions, &[]);
}

#[test]
fn a_starter_is_the_solution_before_it() {
    let clone = Temporary::new();
    clone.write("solutions/01-first/src/feed.rs", "//! The feed.\n");
    clone.edit("checker/course/02-second/chapter.toml", "changed = [\"src/main.rs\"]", "changed = [\"src/post.rs\"]");
    let broken = [
        ("starter 02: src/feed.rs", "is missing, and is there in solutions/01-first"),
        ("starter 02: src/main.rs", "is not as in solutions/01-first"),
        ("checker/course/02-second/chapter.toml", "`changed` lists src/post.rs"),
    ];
    finds(&clone, lineage::starters, &broken);
}

#[test]
fn a_solution_differs_from_its_starter_in_the_gap() {
    let clone = Temporary::new();
    clone.edit("checker/course/01-first/chapter.toml", "gap = [\"src/main.rs\"]", "gap = [\"src/post.rs\"]");
    let broken = [
        ("solutions/01-first/src/main.rs", "name the file in the brief"),
        ("checker/course/01-first/chapter.toml", "`gap` lists src/post.rs"),
    ];
    finds(&clone, lineage::solutions, &broken);
}

#[test]
fn a_promise_has_three_hints_and_the_points_of_its_kind() {
    let clone = Temporary::new();
    let toml = "checker/course/01-first/chapter.toml";
    clone.edit(toml, "\"the idea\", ", "");
    clone.edit(toml, "points = 2", "points = 0");
    clone.edit(toml, "\"guard idea\"", "\" \"");
    finds(
        &clone,
        briefs::promises,
        &[(toml, "`first` has 2 hints"), (toml, "`guard` has 2 hints"), (toml, "`extra` is Deep")],
    );
}

#[test]
fn brief_and_chapter_make_the_same_promises() {
    let clone = Temporary::new();
    let (one, two) = ("chapters/01-first/README.md", "chapters/02-second/README.md");
    clone.edit(one, "2. One more.", "2. Another one.");
    clone.edit(one, "45 minutes", "50 minutes");
    clone.edit(two, "1. The first promise.", "3. The first promise.");
    clone.edit(two, "# 02", "# 2");
    clone.edit(two, "- `src/main.rs`", "- main.rs");
    let broken = [
        (one, "does not make the promise `extra`"),
        (one, "promises `Another one.`"),
        (one, "say `45 minutes`"),
        (two, "in another order"),
        (two, "begin with `# 02 · Somebody noticed.`"),
        (two, "does not name src/main.rs"),
    ];
    finds(&clone, briefs::briefs, &broken);
}

#[test]
fn an_entry_says_what_catches_it() {
    let clone = Temporary::new();
    let course = "checker/course/01-first";
    for (slug, caught_by) in [("deep", "[\"extra\"]"), ("none", "[]"), ("unknown", "[\"nonsense\"]")] {
        let entry = format!("title = \"A title\"\ntold = \"A tale.\"\ncaught_by = {caught_by}\n");
        clone.write(&format!("{course}/wrong/{slug}/entry.toml"), &entry);
        clone.write(&format!("{course}/wrong/{slug}/src/main.rs"), "//! Wrong.\n");
    }
    clone.remove(&format!("{course}/history/entry.toml"));
    clone.write(
        &format!("{course}/right/table/entry.toml"),
        "title = \"\"\ntold = \"A tale.\"\nremoves = [\"no.rs\"]\n",
    );
    clone.write(&format!("{course}/right/table/src/main.rs"), RIGHT);
    let broken = [
        (format!("{course}/history/entry.toml"), "is missing"),
        (format!("{course}/wrong/deep/entry.toml"), "which is deep"),
        (format!("{course}/wrong/none/entry.toml"), "says of no promise that it catches this"),
        (format!("{course}/wrong/unknown/entry.toml"), "a promise that chapter 01 does not make"),
        (format!("{course}/right/table/entry.toml"), "has no title"),
        (format!("{course}/right/table/src/main.rs"), "is as in the solution"),
        (format!("{course}/right/table/entry.toml"), "removes no.rs"),
    ];
    let broken: Vec<_> = broken.iter().map(|(file, words)| (file.as_str(), *words)).collect();
    finds(&clone, gallery::entries, &broken);
}

#[test]
fn sources_keep_the_house_rules() {
    let clone = Temporary::new();
    clone.write("solutions/01-first/src/long.rs", &format!("//! Long.\n{}", "\n".repeat(350)));
    clone.write("solutions/01-first/src/no_header.rs", "fn main() {}\n");
    clone.write("solutions/02-second/src/chapter.rs", "//! Built with ch02-second.\n");
    clone.write("checker/src/left.rs", "//! Left.\n\nfn left() {\n    dbg!(1);\n    Some(1).unwrap();\n}\n");
    clone.write("checker/src/tests.rs", "//! Tests.\n\nfn test() {\n    Some(1).unwrap();\n}\n");
    let broken = [
        ("checker/src/left.rs:4", "dbg!"),
        ("checker/src/left.rs:5", "unwrap"),
        ("solutions/01-first/src/long.rs", "has 351 lines"),
        ("solutions/01-first/src/no_header.rs", "does not say what it is"),
        ("solutions/02-second/src/chapter.rs:1", "names its chapter"),
    ];
    finds(&clone, sources::sources, &broken);
}

#[test]
fn manifests_inherit_what_stands_in_the_root() {
    let clone = Temporary::new();
    clone.edit("solutions/01-first/Cargo.toml", "license.workspace = true\n", "");
    clone.edit("solutions/01-first/Cargo.toml", "[lints]\nworkspace = true\n", "[dependencies]\nserde = \"1\"\n");
    clone.edit("Cargo.toml", "MIT OR", "MIT AND");
    let manifest = "solutions/01-first/Cargo.toml";
    let broken =
        [("Cargo.toml", "the licence is not"), (manifest, "licence"), (manifest, "lints"), (manifest, "serde")];
    finds(&clone, manifests::manifests, &broken);
}

#[test]
fn texts_name_no_machine_and_link_to_what_is_there() {
    let clone = Temporary::new();
    clone.write("notes.md", &format!("See {}/a.\nSee [b](b.md), [it](README.md).\n", clone.root().display()));
    finds(&clone, texts::texts, &[("notes.md:1", "names a path of one machine"), ("notes.md:2", "links to b.md")]);
}

/// What holds in every clone, whatever its owner has done to chapters/. `cargo xtask tidy` holds the rest.
#[test]
fn this_repository_keeps_its_lineage_and_its_gallery() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for rule in [lineage::starters, lineage::solutions, briefs::promises, gallery::entries] {
        let found = findings(root, rule);
        assert!(found.is_empty(), "{found:#?}");
    }
}
