//! Cargo.toml files: versions, lints and the licence stand in the root's alone. And the licences are there to read.

use std::fs;

use anyhow::{Context, Result};
use toml::Table;

use super::{Clone, Finding};

const LICENCE: &str = "MIT OR Apache-2.0";
const TEXTS: [(&str, &str); 2] = [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")];

pub fn manifests(clone: &Clone) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in clone.files()? {
        let name = file.display().to_string();
        if file.file_name().is_none_or(|name| name != "Cargo.toml") {
            continue;
        }
        let text = fs::read_to_string(clone.root.join(&file)).with_context(|| format!("cannot read {name}"))?;
        let found = match text.parse::<Table>() {
            Err(error) => vec![(error.to_string(), "mend the line it names")],
            Ok(table) if name == "Cargo.toml" => root(&table),
            Ok(table) => member(&table),
        };
        findings.extend(found.into_iter().map(|(what, mend)| Finding::new(&name, what, mend)));
    }
    for (file, words) in TEXTS {
        if !fs::read_to_string(clone.root.join(file)).is_ok_and(|text| text.contains(words)) {
            findings.push(Finding::new(
                file,
                format!("is missing, or is not the {words}"),
                "put the licence's text there",
            ));
        }
    }
    Ok(findings)
}

fn root(table: &Table) -> Vec<(String, &'static str)> {
    let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
    let licence = package.and_then(|package| package.get("license")).and_then(|licence| licence.as_str());
    if licence == Some(LICENCE) { Vec::new() } else { vec![(format!("the licence is not {LICENCE}"), "write it back")] }
}

fn member(table: &Table) -> Vec<(String, &'static str)> {
    let inherits = |outer: &str, inner: Option<&str>| {
        let outer = table.get(outer);
        let value = inner.map_or(outer, |inner| outer.and_then(|outer| outer.get(inner)));
        value.and_then(|value| value.get("workspace")).and_then(|flag| flag.as_bool()) == Some(true)
    };
    let mut findings = Vec::new();
    if !inherits("package", Some("license")) {
        findings.push(("has a licence of its own, or none".to_owned(), "write `license.workspace = true`"));
    }
    if !inherits("lints", None) {
        findings.push(("has lints of its own, or none".to_owned(), "write `[lints]` and `workspace = true`"));
    }
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for dependency in table.get(kind).and_then(|value| value.as_table()).into_iter().flat_map(Table::keys) {
            if !inherits(kind, Some(dependency)) {
                let mend = "two versions of a crate are two builds: name the version in the root's Cargo.toml, and write \
                            `.workspace = true` here";
                findings.push((format!("says itself which {dependency} it takes"), mend));
            }
        }
    }
    findings
}
