//! The MySQL or MariaDB of a run: a private one, of a program on this machine, or somebody's at a URL. A scenario gets a
//! database in it, with whatever `migrate` has left in the run's template.

mod binary;
mod private;
mod url;

use ::url::Url;
use sqlx::{ConnectOptions, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::sync::OnceCell;

use super::{
    database::{Database, Schema},
    process::Process,
    stage::Unmigrated,
};

/// Where somebody's is, and how to get in.
pub const URL: &str = "GOSSIP_MYSQL_URL";

/// As many connections as MySQL gives all accounts together unless its administrator says otherwise. Here, each account
/// has as many.
const CONNECTIONS: u32 = 151;

/// The program that a private one is, if this machine has it.
pub async fn program() -> anyhow::Result<Option<String>> {
    Ok(binary::Binary::find().await?.map(|binary| binary.about()))
}

/// A server that is running.
pub struct MySql {
    /// `MariaDB 10.11.6, private`
    pub about: String,
    /// The names of this run's databases begin so.
    run: String,
    /// Where it is, for an account that may make databases.
    address: Url,
    /// The same for sqlx.
    admin: MySqlConnectOptions,
    /// It is nobody else's: it may have accounts of the checker's, and be filled.
    is_private: bool,
    /// The database as `migrate` leaves it, made when first needed.
    pub(super) template: OnceCell<Result<Database, Unmigrated>>,
    /// Keeps the databases of this run from being taken for leftovers.
    _lease: Option<tokio::sync::Mutex<MySqlConnection>>,
    _process: Option<Process>,
}

impl MySql {
    pub(super) fn url(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn is_private(&self) -> bool {
        self.is_private
    }

    /// A database of a scenario's own, with an account of its own where that can be. Nobody has made it yet.
    pub(super) async fn database(&self) -> anyhow::Result<Database> {
        let name = format!("{}_{:08x}", self.run, rand::random::<u32>());
        let mut address = self.address.clone();
        address.set_path(&name);
        if self.is_private {
            let password = format!("{:032x}", rand::random::<u128>());
            let mut connection = self.admin.connect().await?;
            for sql in [
                format!(
                    "create user `{name}`@`%` {} '{password}' with max_user_connections {CONNECTIONS}",
                    private::identified(&self.about)
                ),
                format!("grant all on `{name}`.* to `{name}`@`%`"),
            ] {
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
            }
            let named = address.set_username(&name).and_then(|()| address.set_password(Some(&password)));
            named.map_err(|()| anyhow::anyhow!("the address of a server has a host"))?;
        }
        Ok(Database::of(Schema { name, url: address.into(), admin: self.admin.clone() }))
    }

    /// Removes what the run leaves.
    pub(super) async fn forget_template(&self) -> anyhow::Result<()> {
        match self.template.get() {
            Some(Ok(template)) => self.forget(template).await,
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Removes what a scenario leaves. A private server goes as a whole, and soon.
    pub(super) async fn forget(&self, database: &Database) -> anyhow::Result<()> {
        if let Some(schema) = database.in_server().filter(|_| !self.is_private) {
            let mut connection = self.admin.connect().await?;
            let sql = format!("drop database if exists `{}`", schema.name);
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        Ok(())
    }
}
