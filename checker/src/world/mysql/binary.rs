//! The database server that this machine has, and an empty data folder of it, made once.

use std::{
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use tokio::process::Command;

use crate::{once::locked, overlay::cargo, tools::found, workshop};

/// Servers are not for everybody's PATH: distributions and Homebrew keep them here.
const FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/bin", "/usr/local/mysql/bin"];

#[derive(Clone, Debug)]
pub struct Binary {
    pub program: PathBuf,
    /// `mariadbd  Ver 10.11.6-MariaDB … `
    version: String,
}

impl Binary {
    /// The first that is there.
    pub async fn find() -> anyhow::Result<Option<Binary>> {
        let Some(program) = ["mariadbd", "mysqld"].into_iter().find_map(|name| found(name, FOLDERS)) else {
            return Ok(None);
        };
        let output = Command::new(&program).arg("--version").output().await;
        let output = output.with_context(|| format!("asking {} for its version", program.display()))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Some(Binary { program, version }))
    }

    /// `/usr/sbin/mariadbd (MariaDB 10.11.6)`
    pub fn about(&self) -> String {
        let version = self.version.split_whitespace().skip_while(|word| *word != "Ver").nth(1).unwrap_or("unknown");
        format!("{} ({})", self.program.display(), super::url::said(version))
    }

    pub fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }

    /// What every start of it is told. A server refuses to run as root unless it is told so.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec!["--no-defaults".into()];
        if rustix::process::geteuid().is_root() {
            arguments.push("--user=root".into());
        }
        arguments
    }

    /// A data folder with nothing in it but what the server needs itself; to be copied.
    pub async fn template(&self) -> anyhow::Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        (&self.program, &self.version, ARGUMENTS).hash(&mut hasher);
        let root = workshop::target()?.join("tools").join(format!("mysql-{:016x}", hasher.finish()));
        let data = root.join("data");
        if data.is_dir() {
            return Ok(data);
        }
        fs::create_dir_all(&root)
            .with_context(|| format!("making {}; is the disk full or read-only?", root.display()))?;
        let _lock = locked(root.join("lock")).await?;
        // Another check may have made it meanwhile.
        if !data.is_dir() {
            let unfinished = root.join("unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).context("removing what an interrupted check left")?;
            }
            self.make(&unfinished).await?;
            fs::rename(&unfinished, &data).context("keeping an empty data folder")?;
        }
        Ok(data)
    }

    async fn make(&self, folder: &Path) -> anyhow::Result<()> {
        let mut command = if self.is_mariadb() {
            let installer =
                ["mariadb-install-db", "mysql_install_db"].into_iter().find_map(|name| found(name, FOLDERS));
            let installer = installer.context(
                "there is a mariadbd and no mariadb-install-db beside it; install the whole package mariadb-server",
            )?;
            let mut command = Command::new(installer);
            command.args(self.arguments()).args(ARGUMENTS).arg("--auth-root-authentication-method=normal");
            command.arg("--skip-test-db");
            command
        } else {
            let mut command = Command::new(&self.program);
            command.args(self.arguments()).arg("--initialize-insecure");
            command
        };
        let mut datadir = OsString::from("--datadir=");
        datadir.push(folder);
        command.arg(datadir);
        let output = cargo::output(command).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        ensure!(
            output.status.success(),
            "an empty data folder could not be made by {}: {last}",
            self.program.display()
        );
        if !folder.is_dir() {
            bail!("{} made no data folder: {last}", self.program.display());
        }
        Ok(())
    }
}

/// Small: it is copied for every check.
const ARGUMENTS: &[&str] = &["--innodb-log-file-size=4M"];
