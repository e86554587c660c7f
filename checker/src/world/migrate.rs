//! The role `migrate`: the database that worlds share, and one of the checker's choice that it brings up to date.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context as _;

use super::{
    Context, World,
    database::Database,
    mysql::MySql,
    process::{Process, Spec, describe},
    stage::Unmigrated,
};
use crate::story::{Stop, broken};

/// How long it may take on a database with next to nothing in it.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Of a run's folder: the new database, and what the role says.
const FOLDER: &str = "template";

impl Context {
    /// A new database.
    pub(super) async fn migrate_new(&self, server: Option<&MySql>) -> Result<Database, Unmigrated> {
        let database = self.place(server, &self.folder.join(FOLDER)).await.map_err(Unmigrated::before)?;
        self.migrate(&database, LIMIT).await?;
        Ok(database)
    }

    /// Where a database can be, in a server or in this folder; there is none yet.
    pub(super) async fn place(&self, server: Option<&MySql>, folder: &Path) -> anyhow::Result<Database> {
        match server {
            Some(server) => server.database().await.context("asking for a database"),
            None => Ok(Database::at(folder.join("gossip.db"))),
        }
    }

    /// Runs it to its end, and leaves the database in one file.
    pub(super) async fn migrate(&self, database: &Database, limit: Duration) -> Result<(), Unmigrated> {
        let is_there = database.is_there().await.map_err(Unmigrated::before)?;
        let expected = if is_there {
            "role migrate brings the database up to date, and ends with exit code 0"
        } else {
            "role migrate makes the database that DATABASE_URL names, and ends with exit code 0"
        };
        let spec = Spec {
            name: "migrate".to_owned(),
            role: "migrate",
            settings: BTreeMap::from([("DATABASE_URL".to_owned(), database.url().into())]),
            open_files: None,
            folder: self.folder.join(FOLDER),
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
    if !database.is_there().await? {
        return Err(failed(format!("it ended well, but the {} is not there", database.kind())));
    }
    match database.settle().await {
        Err(Stop::Broken(error)) => Err(failed(format!("the file is no database: {error:#}"))),
        settled => settled,
    }
}
