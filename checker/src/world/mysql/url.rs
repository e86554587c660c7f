//! Somebody's server, at a URL: it is asked for databases, used, and left as it was.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, anyhow, bail, ensure};
use sqlx::{ConnectOptions, Connection as _, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::{sync::OnceCell, time::timeout};
use url::Url;

use super::{MySql, URL};

/// A connection takes a few milliseconds, over a network too.
const PATIENCE: Duration = Duration::from_secs(5);

/// The oldest that are looked after by those who make them: what is older has surprises of its own.
const OLDEST_MARIADB: (u32, u32) = (10, 5);
const OLDEST_MYSQL: (u32, u32) = (8, 0);

impl MySql {
    /// `named` is how a sentence calls the address: the variable that holds it, or the file.
    pub(in crate::world) async fn at(url: &str, named: &str, run: &str) -> anyhow::Result<MySql> {
        let address = address(url, named)?;
        let admin = MySqlConnectOptions::from_url(&address).map_err(|_| no_address(named))?;
        let mut connection = connect(&admin, named).await?;
        let version = version_of(&admin).await?;
        expect_supported(&version, named)?;
        let name = lease_of(run);
        lend(&mut connection, &name).await?;
        clear_leftovers(&mut connection).await?;
        expect_rights(&mut connection, &admin, named, &name).await?;
        Ok(MySql {
            about: format!("{version} at {named}"),
            run: name,
            address,
            admin,
            is_private: false,
            template: OnceCell::new(),
            _lease: Some(connection.into()),
            _process: None,
        })
    }
}

/// Without a database: each scenario gets one of its own.
fn address(url: &str, named: &str) -> anyhow::Result<Url> {
    let mut address = Url::parse(url).map_err(|_| no_address(named))?;
    ensure!(matches!(address.scheme(), "mysql" | "mariadb") && address.has_host(), no_address(named));
    address.set_path("");
    Ok(address)
}

fn no_address(named: &str) -> anyhow::Error {
    anyhow!("{named} is not the address of a MySQL, such as mysql://user:password@127.0.0.1:3306")
}

async fn connect(admin: &MySqlConnectOptions, named: &str) -> anyhow::Result<MySqlConnection> {
    let place = format!("{}:{}", admin.get_host(), admin.get_port());
    let otherwise = format!("mend it, or unset {URL}: then a server of this machine is started for each check");
    let error = match timeout(PATIENCE, admin.connect()).await {
        Ok(Ok(connection)) => return Ok(connection),
        Ok(Err(error)) => error,
        Err(_) => bail!("nothing answers at {place}, where {named} says that a MySQL is; {otherwise}"),
    };
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
    match &error {
        sqlx::Error::Io(error) => {
            bail!("nothing answers at {place}, where {named} says that a MySQL is ({error}); {otherwise}")
        }
        sqlx::Error::Database(_) if code == "28000" => bail!(
            "the MySQL at {place} does not let {} in: the name or the password in {named} is wrong",
            admin.get_username()
        ),
        error if error.to_string().contains("RSA") => bail!(
            "the account {} in {named} logs in by caching_sha2_password, which the programs here have no TLS for; \
             `alter user … identified with mysql_native_password by '…'`, or an account in a MariaDB, works",
            admin.get_username()
        ),
        _ => bail!(
            "what answers at {place}, where {named} points, does not speak as a MySQL does ({error}); {otherwise}"
        ),
    }
}

/// `MariaDB 10.11.6`, `MySQL 8.4.3`
pub async fn version_of(admin: &MySqlConnectOptions) -> anyhow::Result<String> {
    let mut connection = admin.connect().await?;
    let version: String = sqlx::query_scalar("select version()").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(said(&version))
}

pub fn said(version: &str) -> String {
    let maker = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
    format!("{maker} {}", version.split('-').next().unwrap_or_default())
}

fn expect_supported(version: &str, named: &str) -> anyhow::Result<()> {
    let (maker, numbers) = version.split_once(' ').unwrap_or_default();
    let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let oldest = if maker == "MariaDB" { OLDEST_MARIADB } else { OLDEST_MYSQL };
    let (major, minor) = oldest;
    ensure!(
        release >= oldest,
        "the server at {named} is {version}; the workshop is written for {maker} {major}.{minor} and newer"
    );
    Ok(())
}

/// Of a run: its databases begin so, and its lock is called so.
fn lease_of(run: &str) -> String {
    format!("gossip_{}", run.rsplit('-').next().unwrap_or_default())
}

/// As long as this connection lives, the databases that begin with this name are in use.
async fn lend(connection: &mut MySqlConnection, name: &str) -> anyhow::Result<()> {
    sqlx::raw_sql("set wait_timeout = 86400").execute(&mut *connection).await?;
    let got: Option<i64> = sqlx::query_scalar("select get_lock(?, 10)").bind(name).fetch_one(connection).await?;
    ensure!(got == Some(1), "the MySQL does not give this check a lock of its own");
    Ok(())
}

/// Drops what killed checks have left: databases whose lock nobody holds.
async fn clear_leftovers(connection: &mut MySqlConnection) -> anyhow::Result<()> {
    let names: Vec<String> = sqlx::query_scalar("show databases").fetch_all(&mut *connection).await?;
    let mut free = BTreeSet::new();
    for name in names.iter().filter(|name| is_ours(name)) {
        let (lease, _) = name.rsplit_once('_').unwrap_or_default();
        let is_free: Option<i64> =
            sqlx::query_scalar("select is_free_lock(?)").bind(lease).fetch_one(&mut *connection).await?;
        if is_free == Some(1) {
            free.insert(name);
        }
    }
    for name in free {
        let sql = format!("drop database if exists `{name}`");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await.context("dropping what is left")?;
    }
    Ok(())
}

/// `gossip_0123abcd_89ef4567`
fn is_ours(name: &str) -> bool {
    let mut parts = name.split('_');
    let is_number = |part: &str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.next() == Some("gossip")
        && parts.by_ref().take(2).filter(|part| is_number(part)).count() == 2
        && parts.next().is_none()
}

/// The account may make a database, and drop it again.
async fn expect_rights(
    connection: &mut MySqlConnection,
    admin: &MySqlConnectOptions,
    named: &str,
    lease: &str,
) -> anyhow::Result<()> {
    for sql in [format!("create database `{lease}_00000000`"), format!("drop database `{lease}_00000000`")] {
        if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await {
            let user = admin.get_username();
            let why = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            bail!(
                "the account {user} in {named} may not make databases ({why}); as an administrator: \
                 grant all on `gossip\\_%`.* to '{user}'@'%'"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{expect_supported, is_ours, said};

    #[test]
    fn versions_are_told_apart() {
        assert_eq!(said("10.11.6-MariaDB-0+deb12u1"), "MariaDB 10.11.6");
        assert_eq!(said("8.4.3"), "MySQL 8.4.3");
        for version in ["10.5.1-MariaDB", "11.4.2-MariaDB", "8.0.36"] {
            assert!(expect_supported(&said(version), "X").is_ok(), "{version}");
        }
        let told = |version: &str| expect_supported(&said(version), "X").map_err(|error| error.to_string());
        let old = "the server at X is MySQL 5.7.44; the workshop is written for MySQL 8.0 and newer";
        assert_eq!(told("5.7.44-log"), Err(old.to_owned()));
        assert!(told("10.4.9-MariaDB").is_err_and(|told| told.ends_with("MariaDB 10.5 and newer")));
    }

    #[test]
    fn only_databases_of_checks_are_leftovers() {
        assert!(is_ours("gossip_0123abcd_89ef4567"));
        for other in ["gossip", "gossip_dev", "gossip_0123abcd", "gossip_0123abcd_backup", "gossip_0123abcd_89ef4567_x"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }
}
