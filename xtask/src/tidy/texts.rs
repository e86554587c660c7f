//! Every text that is committed: it names nobody's machine. Every link of a page leads to something that is there.

use std::{env, fs, path::Path};

use anyhow::Result;

use super::{Clone, Finding};

/// Where people's files are; in two pieces, so that this line is not found itself.
const HOMES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/"), concat!("C:", "\\Users\\")];
/// Who may live there: `me` is whoever reads, the others are the talk's.
const ANYBODY: [&str; 4] = ["me", "may", "hope", "alice"];

pub fn texts(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    // A folder as short as /app is a name that a text may mean otherwise.
    let own = [Some(clone.root.to_path_buf()), env::var_os("HOME").map(Into::into)];
    let own: Vec<_> = own.into_iter().flatten().filter(|path| path.components().count() > 2).collect();
    let own: Vec<_> = own.iter().map(|path| path.display().to_string()).collect();
    for file in clone.files()? {
        let name = file.display().to_string();
        // What is no text names nobody.
        let Ok(text) = fs::read_to_string(clone.root.join(&file)) else { continue };
        for (at, line) in text.lines().enumerate() {
            let line_is = |what: String, mend: &str| Finding::new(format!("{name}:{}", at + 1), what, mend);
            if let Some(path) = machine_path(line, &own) {
                findings
                    .push(line_is(format!("names a path of one machine, {path}"), "say it from the root of the clone"));
            }
        }
        if file.extension().is_some_and(|extension| extension == "md") {
            let folder = clone.root.join(&file).parent().map(Path::to_path_buf).unwrap_or_default();
            for (line, link) in links(&text).into_iter().filter(|(_, link)| !folder.join(link).exists()) {
                let what = format!("links to {link}, which is not there");
                findings.push(Finding::new(format!("{name}:{line}"), what, "mend the link, or write the page"));
            }
        }
    }
    Ok(findings)
}

fn machine_path<'a>(line: &'a str, own: &'a [String]) -> Option<&'a str> {
    if let Some(path) = own.iter().find(|path| line.contains(path.as_str())) {
        return Some(path);
    }
    HOMES.iter().find_map(|home| {
        line.match_indices(home).find_map(|(at, _)| {
            let rest = &line[at + home.len()..];
            let end =
                rest.find(|letter: char| !letter.is_alphanumeric() && !"_-.".contains(letter)).unwrap_or(rest.len());
            let is_somebody = end > 0 && !ANYBODY.contains(&&rest[..end]);
            is_somebody.then(|| &line[at..at + home.len() + end])
        })
    })
}

/// The files that a page links to, with the number of the line; what is on the web or in code is left out.
fn links(page: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in page.lines().enumerate().filter(|(_, line)| !line.starts_with("    ")) {
        let mut rest = line;
        while let Some((_, tail)) = rest.split_once("](") {
            let Some((link, after)) = tail.split_once(')') else { break };
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:") {
                found.push((at + 1, file));
            }
            rest = after;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_somebodys_machine_is_found() {
        let line = format!("see {}bob/clone/a.rs", HOMES[0]);
        assert_eq!(machine_path(&line, &[]), Some(&line[4..4 + HOMES[0].len() + 3]));
        assert_eq!(machine_path(&format!("see {}me/a.rs", HOMES[0]), &[]), None);
        assert_eq!(machine_path("built in /data/x/y/z/target", &["/data/x/y/z".to_owned()]), Some("/data/x/y/z"));
    }

    #[test]
    fn links_are_files_of_the_clone() {
        let page = "See [a](a.md#b), [web](https://example.com), [b](../b/).\n    [code](no.md)\n[here](#there)\n";
        assert_eq!(links(page), [(1, "a.md"), (1, "../b/")]);
    }
}
