//! What is read most, as it looks at 80 columns.

use console::{measure_text_width, strip_ansi_codes};
use insta::assert_snapshot;

use crate::common::{Clone, RIGHT};

const LONG: &str =
    "What you publish is on the feed right after, newest first, whoever you are and however many there are.";

/// Two chapters, the first of them checked, with texts as long as real ones.
fn checked() -> Clone {
    let clone = Clone::new();
    clone.edit("checker/course/01-first/chapter.toml", "The first promise.", LONG);
    clone.edit("checker/course/01-first/chapter.toml", "Somebody noticed.", &format!("Somebody noticed. {LONG}"));
    clone.xtask("check 1").ends(1, &[]);
    clone
}

/// Asserts that no line is wider than a terminal.
#[track_caller]
fn fits(page: &str) {
    let wide: Vec<_> = page.lines().filter(|line| measure_text_width(line) > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn the_list_shows_how_far_one_is() {
    let clone = checked();
    let list = clone.xtask("list").page(&clone);
    fits(&list);
    assert_snapshot!("list_begun", list);
    clone.write("chapters/01-first/src/main.rs", RIGHT);
    clone.xtask("check 1").ends(0, &[]);
    let on_a_terminal = clone.run(clone.command("list").env("CLICOLOR_FORCE", "1")).page(&clone);
    assert_snapshot!("list_done", strip_ansi_codes(&on_a_terminal));
    assert_snapshot!("list_done_plain", clone.xtask("list --plain").page(&clone));
}

#[test]
fn a_recheck_finds_out_again_what_is_done() {
    let clone = Clone::new();
    clone.write("chapters/01-first/src/main.rs", RIGHT);
    clone.remove("chapters/02-second");
    clone.write(".progress.json", r#"{"chapters": {"02": {"done": true, "earned": 3}}}"#);
    assert_snapshot!("list_rechecked", clone.xtask("list --recheck").page(&clone));
}

#[test]
fn hints_come_one_at_a_time() {
    let clone = Clone::new();
    assert_snapshot!("hint_unchecked", clone.xtask("hint").page(&clone));
    let clone = checked();
    let hint = clone.xtask("hint").page(&clone);
    fits(&hint);
    assert_snapshot!("hint_first", hint);
    clone.xtask("hint 01").ends(0, &["hint 2 of 3: the idea", "the idea"]);
    assert_snapshot!("hint_last", clone.xtask("hint 1").page(&clone));
    clone.xtask("hint 1").ends(0, &["hint 3 of 3", "the shape"]);
    clone.xtask("hint 1 --promise 2").ends(0, &["hint 1 of 3: a nudge", "extra"]);
    clone.xtask("hint 1 --promise guard").ends(0, &["guard nudge"]);
    clone.xtask("hint 1 --promise nonsense").ends(2, &["chapter 01 makes no promise `nonsense`"]);
    clone.xtask("hint 6").ends(2, &["there is no chapter `6`"]);
}

#[test]
fn the_next_chapter_opens_when_this_one_is_done() {
    let clone = Clone::new();
    assert_snapshot!("next_unchecked", clone.xtask("next").page(&clone));
    let clone = checked();
    let next = clone.xtask("next").page(&clone);
    fits(&next);
    assert_snapshot!("next_missing", next);
    clone.xtask("next --anyway").ends(0, &["# 02", "open   chapters/02-second/README.md"]);

    let clone = checked();
    clone.write("chapters/01-first/src/main.rs", RIGHT);
    clone.xtask("check 1").ends(0, &[]);
    assert_snapshot!("next_done", clone.xtask("next").page(&clone));
    clone.write("chapters/02-second/src/main.rs", RIGHT);
    clone.xtask("check").ends(0, &["check 02"]);
    clone.xtask("next").ends(0, &["02 is the last chapter."]);
    // Whichever chapter one is at, the list says what is left.
    let left = |progress: &str| {
        clone.write(".progress.json", progress);
        let list = clone.xtask("list").stdout;
        list.rsplit_once("next  ").map(|(_, next)| next.trim().to_owned())
    };
    let at_the_last = |first: &str, last: &str| {
        left(&format!(r#"{{"current": 2, "chapters": {{"01": {first}, "02": {last}}}}}"#)).unwrap_or_default()
    };
    let (open, done, all) = (r#"{"done": false}"#, r#"{"done": true, "earned": 3}"#, r#"{"done": true, "earned": 5}"#);
    assert_eq!(at_the_last(all, open), "cargo xtask check 02");
    assert_eq!(at_the_last(open, all), "cargo xtask start 01");
    assert_eq!(at_the_last(all, done), "cargo xtask check 02 --all, where points are left");
    assert_eq!(at_the_last(all, all), "nothing: every promise of every chapter is kept");
}

#[test]
fn the_gallery_opens_after_a_pass() {
    let clone = checked();
    clone.xtask("gallery 1").ends(2, &["the gallery of 01 opens once it is done", "--spoil"]);
    let told = LONG.repeat(3);
    clone.edit("checker/course/01-first/wrong/cache/entry.toml", "It looks right", &format!("{told} It looks right"));
    let gallery = clone.xtask("gallery 1 --spoil").page(&clone);
    fits(&gallery);
    assert_snapshot!("gallery", gallery);
    clone.remove("checker/course/02-second/wrong");
    clone.remove("checker/course/02-second/right");
    clone.xtask("gallery 2 --spoil").ends(0, &["Nobody has added an answer to 02 yet"]);
    clone.write("checker/course/02-second/wrong/new/entry.toml", "title = 1\n");
    clone.xtask("gallery 2 --spoil").ends(2, &["wrong/new/entry.toml does not say what an entry must"]);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let clone = checked();
    let with = |setting: Option<(&str, &str)>, args: &str| {
        let mut command = clone.command(args);
        command.envs(setting);
        let ran = clone.run(&mut command);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    let coloured = with(Some(("CLICOLOR_FORCE", "1")), "list");
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    assert_eq!(
        strip_ansi_codes(&coloured).lines().next(),
        Some("→  01  Somebody noticed. What you publi…  2004  45 min  0 of 5 points")
    );
    // A pipe, NO_COLOR and a dumb terminal are as plain as --plain.
    let plain = with(None, "list --plain");
    for setting in [None, Some(("NO_COLOR", "1")), Some(("TERM", "dumb"))] {
        assert_eq!(with(setting, "list"), plain);
    }
    for command in
        ["list --plain", "hint --plain", "next --plain", "gallery --spoil --plain", "doctor --plain", "diff --plain"]
    {
        let page = with(Some(("CLICOLOR_FORCE", "1")), command);
        assert!(!page.contains('\u{1b}') && !page.contains(['✓', '→', '✗']), "{page:?}");
    }
}
