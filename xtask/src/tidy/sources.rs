//! Rust and what lies beside it: headers, lengths, and what is not left in code that others read.

use std::{fs, path::Path};

use anyhow::Result;

use super::{Clone, Finding};

/// Lines of a file. Longer ones hold two things.
const LONGEST: usize = 350;

/// What is not left in code, and what to write for it.
const LEFT: [(&str, &str); 3] = [
    ("dbg!", "a trace of debugging: remove it, or log it"),
    ("todo!", "the crates here run: write it"),
    (".unwrap()", "answer the error with `?`, or say with `expect` why there is none"),
];

pub fn sources(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in clone.files()? {
        let name = file.display().to_string();
        let is_crate = name.starts_with("chapters/") || name.starts_with("solutions/");
        let is_overlay = name.starts_with("checker/course/");
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        // What is told about a crate may name its chapter: the README, the manifest, the gallery's words.
        let is_told = file.extension().is_none_or(|extension| extension == "md" || extension == "toml");
        if !is_rust && (is_told || !(is_crate || is_overlay)) {
            continue;
        }
        let Ok(text) = fs::read_to_string(clone.root.join(&file)) else { continue };
        if (is_crate || is_overlay) && !is_told {
            findings.extend(names_chapter(&name, &text));
        }
        if is_rust {
            findings.extend(header(&name, &text));
            let is_long = text.lines().count() > LONGEST;
            if is_long && ["checker/src/", "xtask/src/", "solutions/"].iter().any(|folder| name.starts_with(folder)) {
                let what = format!("has {} lines, and {LONGEST} are the most", text.lines().count());
                findings.push(Finding::new(&name, what, "it holds two things: give the second a file of its own"));
            }
            // Wrong answers are written as a hurried engineer would.
            if !is_overlay && !is_test(&file) {
                findings.extend(left(&name, &text));
            }
        }
    }
    Ok(findings)
}

/// A file goes through all later chapters as it is; what belongs to one of them stands in its brief.
fn names_chapter(file: &str, text: &str) -> Vec<Finding> {
    let names = |line: &str| {
        let line = line.to_lowercase();
        line.contains("chapter") || crate_names(&line)
    };
    let lines = text.lines().enumerate().filter(|(_, line)| names(line));
    let finding = |(at, _)| {
        let mend = "later chapters carry the file on: say it without, or in the README";
        Finding::new(format!("{file}:{}", at + 1), "names its chapter", mend)
    };
    lines.map(finding).collect()
}

/// `ch04-…`, `solution04-…`, `04-stateless`: two digits and a hyphen, after nothing or after one of those words.
fn crate_names(line: &str) -> bool {
    ["ch", "solution"].iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let rest = &line.as_bytes()[at + word.len()..];
            rest.len() > 2 && rest[0].is_ascii_digit() && rest[1].is_ascii_digit() && rest[2] == b'-'
        })
    })
}

fn header(file: &str, text: &str) -> Option<Finding> {
    let mend = "begin with a line or two of `//!`: what it is, and where it fits";
    (!text.starts_with("//!")).then(|| Finding::new(file, "does not say what it is", mend))
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests") || file.file_name().is_some_and(|name| name == "tests.rs")
}

/// Up to the tests at the foot of the file.
fn left(file: &str, text: &str) -> Vec<Finding> {
    let code = code_of(text);
    let own = code.lines().take_while(|line| *line != "#[cfg(test)]").enumerate();
    own.flat_map(|(at, line)| {
        let there = LEFT.iter().filter(move |(word, _)| line.contains(word));
        there.map(move |(word, mend)| Finding::new(format!("{file}:{}", at + 1), format!("has `{word}`"), mend))
    })
    .collect()
}

/// A source with its comments and strings blanked, line by line as before.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, is_code) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), false),
            'r' if starts_raw(rest) => (raw_length(rest), false),
            '"' => (string_length(rest), false),
            // A quote as a character would open a string.
            '\'' if rest.starts_with("'\"'") => (3, false),
            '\'' if rest.starts_with("'\\\"'") => (4, false),
            _ => (first.len_utf8(), true),
        };
        let (piece, tail) = rest.split_at(length);
        let blank = |character: char| if character == '\n' { '\n' } else { ' ' };
        if is_code {
            code.push_str(piece)
        } else {
            code.extend(piece.chars().map(blank))
        }
        rest = tail;
    }
    code
}

fn starts_raw(text: &str) -> bool {
    text[1..].trim_start_matches('#').starts_with('"')
}

fn raw_length(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|character| *character == '#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = hashes + 2;
    text[begin..].find(&end).map_or(text.len(), |at| begin + at + end.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_no_code() {
        let source = "let a = \"dbg!\\\" dbg!\"; // dbg!\nlet b = r#\"todo!\"#;\nlet c = '\"';\nx.unwrap();\n";
        let findings = left("a.rs", source);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0].file, "a.rs:4");
    }

    #[test]
    fn tests_may_unwrap() {
        let source = "fn f() {\n    dbg!(1);\n}\n\n#[cfg(test)]\nmod tests {\n    fn g() { x.unwrap() }\n}\n";
        assert_eq!(left("a.rs", source).len(), 1);
    }

    #[test]
    fn a_source_does_not_name_its_chapter() {
        let source =
            "//! The feed.\n//! cargo run -p ch04-stateless -- app\n//! As in chapter 3.\n//! Searching 04-07.\n";
        let lines: Vec<_> = names_chapter("a.rs", source).into_iter().map(|finding| finding.file).collect();
        assert_eq!(lines, ["a.rs:2", "a.rs:3"]);
    }
}
