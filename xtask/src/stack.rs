//! The servers that a chapter runs on, and what it needs to be built for them.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Stack {
    // SQLite, a file.
    #[default]
    Embedded,
    // MySQL or MariaDB, and Redis.
    Servers,
}

impl Stack {
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Servers => "servers",
        }
    }
}

/// Why this crate cannot be built for a MySQL, and what to add.
pub fn lacking(folder: &Path, shown: &str) -> Option<String> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    // What cargo cannot read is told by the build that follows.
    let has_feature = manifest
        .parse::<toml::Table>()
        .map_or(true, |table| table.get("features").and_then(|features| features.get("mysql")).is_some());
    if !has_feature {
        return Some(format!(
            "the stack `servers` builds {shown} with the feature `mysql`, which its Cargo.toml does not have: add \
             `mysql = []` under `[features]`, and what differs in src/db/"
        ));
    }
    let names = |place: &str| -> BTreeSet<OsString> {
        let entries = fs::read_dir(folder.join(place)).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).collect()
    };
    let (sqlite, mysql) = (names("migrations/sqlite"), names("migrations/mysql"));
    let missing: Vec<_> = sqlite.difference(&mysql).map(|name| name.to_string_lossy()).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the stack `servers` runs on MySQL, and {shown}/migrations/mysql lacks {}: write the same in MySQL's words \
             there; the stack `embedded` needs migrations/sqlite alone",
            missing.join(", ")
        )
    })
}
