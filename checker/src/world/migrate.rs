//! The role `migrate`: the database that worlds share, and one of the checker's choice that it brings up to date.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use super::{
    Context, World,
    database::Database,
    process::{Process, Spec, describe},
    stage::Unmigrated,
};
use crate::story::{Stop, broken};

/// How long it may take on a database with next to nothing in it.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

impl Context {
    /// A new database.
    pub(super) async fn migrate_new(&self) -> Result<PathBuf, Unmigrated> {
        let database = Database::at(self.folder.join("template/gossip.db"));
        self.migrate(&database, LIMIT).await?;
        Ok(database.file().to_owned())
    }

    /// Runs it to its end, and leaves the database in one file.
    pub(super) async fn migrate(&self, database: &Database, limit: Duration) -> Result<(), Unmigrated> {
        let file = database.file();
        let expected = if file.is_file() {
            "role migrate brings the database up to date, and ends with exit code 0"
        } else {
            "role migrate makes the database that DATABASE_URL names, and ends with exit code 0"
        };
        let spec = Spec {
            name: "migrate".to_owned(),
            role: "migrate",
            settings: BTreeMap::from([("DATABASE_URL".to_owned(), database.url().into())]),
            open_files: None,
            folder: file.parent().unwrap_or(&self.folder).to_owned(),
            run: self.run.clone(),
        };
        let process = self.spawn(&spec).map_err(Unmigrated::before)?;
        let migrated = migrated(&process, database, limit, expected).await;
        migrated.map_err(|stop| Unmigrated { stop, process: Some(process) })
    }
}

impl Unmigrated {
    /// Nothing ran yet.
    pub(super) fn before(stop: impl Into<Stop>) -> Unmigrated {
        Unmigrated { stop: stop.into(), process: None }
    }
}

impl World {
    /// What `migrate` made for all worlds of this run, or only for this one. If it made nothing, what it said belongs to each
    /// story that ends with it.
    pub(super) fn migrated<T: Clone>(&self, made: &Result<T, Unmigrated>) -> Result<T, Stop> {
        let Unmigrated { stop, process } = match made {
            Ok(made) => return Ok(made.clone()),
            Err(unmigrated) => unmigrated,
        };
        self.stage.processes().extend(process.clone());
        match stop {
            Stop::Failed(failure) => Err(Stop::Failed(failure.clone())),
            Stop::Broken(error) => broken(format!("{error:#}")),
        }
    }
}

async fn migrated(process: &Process, database: &Database, limit: Duration, expected: &str) -> Result<(), Stop> {
    let failed = |saw: String| process.at_fault(expected, saw, "Without its database the site cannot start.");
    match process.ended(limit).await {
        Some(status) if status.success() => {}
        Some(status) => return Err(failed(describe(status))),
        None => return Err(failed(format!("it was still running after {} s", limit.as_secs()))),
    }
    if !database.file().is_file() {
        return Err(failed("it ended well, but the file is not there".to_owned()));
    }
    match database.settle().await {
        Err(Stop::Broken(error)) => Err(failed(format!("the file is no database: {error:#}"))),
        settled => settled,
    }
}
