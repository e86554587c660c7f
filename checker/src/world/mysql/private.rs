//! A server of a run's own: from an empty data folder, on a free port, with no care for a power cut.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ::url::Url;
use anyhow::{Context as _, bail};
use sqlx::{ConnectOptions, mysql::MySqlConnectOptions};
use tokio::{
    sync::OnceCell,
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::{MySql, binary::Binary, url::version_of};
use crate::{
    program::Program,
    tools::{PORTS, free_port},
    world::{
        Context,
        process::{Process, Spec},
    },
};

/// A start takes 60 ms; a cold disk and a busy machine need patience.
const START_LIMIT: Duration = Duration::from_secs(60);

const ACCOUNT: &str = "checker";

/// Quick to start and small. What was committed outlives a kill of the server, and that is all that is asked of it: nothing
/// waits for a disk. `loose` ones are not known to every version.
const ARGUMENTS: &[&str] = &[
    "--skip-networking=OFF",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    // Beside the data, whose path may be too long for a socket's address.
    "--socket=socket",
    "--pid-file=pid",
    "--character-set-server=utf8mb4",
    // For all scenarios together; each account has a limit of its own.
    "--max-connections=2000",
    "--back-log=1000",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    // Tables come and go with every scenario: no file for each, and no statistics kept of them.
    "--innodb-file-per-table=0",
    "--innodb-stats-persistent=0",
    "--innodb-flush-method=nosync",
    "--innodb-use-native-aio=0",
    "--innodb-fast-shutdown=2",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--innodb-buffer-pool-load-at-startup=0",
    "--performance-schema=OFF",
    "--key-buffer-size=1M",
    "--loose-aria-pagecache-buffer-size=1M",
    "--loose-innodb-log-file-size=4M",
    "--loose-debug-no-sync",
    "--loose-sync-frm=0",
    "--loose-mysqlx=OFF",
    "--loose-mysql-native-password=ON",
];

/// How an account is made that this program can log in with: without TLS, MySQL's newer way needs a key exchange.
pub fn identified(about: &str) -> &'static str {
    if about.starts_with("MariaDB") { "identified by" } else { "identified with mysql_native_password by" }
}

impl MySql {
    /// Starts the server that this machine has.
    pub(in crate::world) async fn start(context: &Context, folder: PathBuf) -> anyhow::Result<MySql> {
        let binary = Binary::find().await?.context("there is no mariadbd or mysqld on this machine")?;
        let template = binary.template().await?;
        let (data, password) = (folder.join("data"), format!("{:032x}", rand::random::<u128>()));
        let copied = data.clone();
        spawn_blocking(move || copy(&template, &copied)).await?.context("copying an empty data folder")?;
        let init = folder.join("init.sql");
        let way = identified(if binary.is_mariadb() { "MariaDB" } else { "MySQL" });
        // A statement a line, or it is not understood.
        let accounts = format!(
            "create user '{ACCOUNT}'@'%' {way} '{password}';\ngrant all on *.* to '{ACCOUNT}'@'%' with grant option;\n"
        );
        fs::write(&init, accounts).with_context(|| format!("writing {}", init.display()))?;

        let mut last = None;
        for _ in 0..PORTS {
            let address = free_port()?;
            let mut command = vec![OsString::from(&binary.program)];
            command.extend(binary.arguments());
            command.extend([option("--datadir=", &data), option("--init-file=", &init)]);
            command.push(format!("--port={}", address.port()).into());
            command.extend(ARGUMENTS.iter().map(OsString::from));
            let url = Url::parse(&format!("mysql://{ACCOUNT}:{password}@{address}")).context("that is a URL")?;
            let admin = MySqlConnectOptions::from_url(&url).context("that is a MySQL's URL")?;
            match start_with(context, &folder, command, &admin).await {
                Ok(process) => {
                    let about = format!("{}, private", version_of(&admin).await?);
                    return Ok(MySql {
                        about,
                        run: "gossip".to_owned(),
                        address: url,
                        admin,
                        is_private: true,
                        template: OnceCell::new(),
                        _lease: None,
                        _process: Some(process),
                    });
                }
                Err(error) => last = Some(error),
            }
        }
        let why = last.context("it was tried")?;
        Err(why.context(format!("{} does not start", binary.program.display())))
    }
}

async fn start_with(
    context: &Context,
    folder: &Path,
    command: Vec<OsString>,
    admin: &MySqlConnectOptions,
) -> anyhow::Result<Process> {
    let spec = Spec {
        name: "mysql".to_owned(),
        role: "",
        settings: BTreeMap::new(),
        open_files: None,
        folder: folder.to_owned(),
        run: context.run.clone(),
    };
    let program = Program { command, folder: None, label: spec.name.clone(), names: Vec::new() };
    let process = Process::spawn(&program, &spec).map_err(|_| anyhow::anyhow!("it could not be run"))?;
    (context.watch)(&process);
    let answers = async {
        // Another's server on that port would not know the password.
        while process.is_running() {
            if admin.connect().await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        bail!("it ended: {}", process.last_words(2, SystemTime::now()).lines.join(" "))
    };
    let answers = timeout(START_LIMIT, answers).await.context("it did not answer").flatten();
    if answers.is_err() {
        // It has failed already, and that is what is told.
        _ = process.kill().await;
    }
    answers.map(|()| process)
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}
