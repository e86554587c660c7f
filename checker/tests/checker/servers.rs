//! The stack `servers`: databases in a MySQL as scenarios use them, addresses that lead nowhere, and nothing left behind.
//! Where this machine has no server, these say so and end.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use checker::{
    program::Program,
    run::{Options, Run},
    stack::Stack,
    story::Stop,
    tools::found,
    workshop,
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, MySqlConnection};

use crate::common::{PUBLISH, Place, UnderWay, eventually};

/// A run with a private MySQL; none where this machine has none.
fn started() -> Option<Run> {
    if found("mariadbd", &["/usr/sbin"]).is_none() {
        eprintln!("left out: there is no mariadbd on this machine");
        return None;
    }
    let program = Program::command("true", "nobody").expect("there is a true");
    Some(Run::start(program, &Options { stack: Stack::Servers, ..Options::default() }).expect("a run can be started"))
}

/// The reference answer as it is built for a MySQL.
fn solution() -> Option<PathBuf> {
    let file = workshop::programs(Stack::Servers).expect("tests run from a target folder").join("solution01-monolith");
    if !file.is_file() {
        eprintln!("left out: solution01-monolith is not built for the stack `servers`; cargo xtask test builds it");
    }
    Some(file).filter(|file| file.is_file())
}

async fn say(url: &str, statements: &[&'static str]) {
    let mut connection = MySqlConnection::connect(url).await.expect("it is our own server");
    for sql in statements {
        sqlx::raw_sql(*sql).execute(&mut connection).await.expect("it is SQL");
    }
}

async fn databases(url: &str) -> Vec<String> {
    let mut connection = MySqlConnection::connect(url).await.expect("it is our own server");
    let names: Vec<String> = sqlx::query_scalar("show databases").fetch_all(&mut connection).await.expect("it is SQL");
    names.into_iter().filter(|name| name.starts_with("gossip_")).collect()
}

fn failure(result: Result<impl std::fmt::Debug, Stop>) -> String {
    match result {
        Err(Stop::Failed(failure)) => failure.saw,
        other => panic!("the program is to blame, not {other:?}"),
    }
}

#[tokio::test]
async fn a_database_in_a_server_is_what_a_file_is() {
    let Some(run) = started() else { return };
    let servers = run.context().servers().await.expect("it starts");
    let template = servers.new_database().await.expect("it has room");
    assert!(!template.is_there().await.expect("it answers"), "the role migrate makes it");
    // As the role does it, with the account that it is given.
    let (server, name) =
        template.url().rsplit_once('/').map(|(at, name)| (at.to_owned(), name.to_owned())).expect("a URL");
    let mut program = MySqlConnection::connect(&server).await.expect("it may log in before there is a database");
    let make = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::raw_sql(make).execute(&mut program).await.expect("it may make its own");
    let foreign = sqlx::raw_sql("create database another").execute(&mut program).await;
    assert!(foreign.is_err(), "and no other");
    for sql in [
        "create table users (id bigint primary key auto_increment, name varchar(20) unique not null,
         password_hash text not null, created_at bigint not null)",
        "create table posts (id bigint primary key auto_increment, user_id bigint not null, tag text not null,
         content text not null, created_at bigint not null, foreign key (user_id) references users (id))",
        "create table \"odd \"\" name\" (secret varbinary(9), number int)",
        "insert into users (name, password_hash, created_at) values ('alice', '$argon2id$v=19$…', 0)",
        "insert into \"odd \"\" name\" values (x'c0ffee', 42)",
    ] {
        template.execute(sql, &[]).await.expect("it is SQL");
    }

    let (one, other) = (servers.new_database().await.expect("room"), servers.new_database().await.expect("room"));
    for copy in [&one, &other] {
        copy.copy_from(&template).await.expect("it can be copied");
    }
    let alice = one.user_id("alice").await.expect("the template has her");
    one.add_posts(alice, &["first".to_owned(), "second".to_owned()]).await.expect("the tables are there");
    one.add_twins("alice", &["third".to_owned()]).await.expect("the tables are there");
    let posts = one.posts().await.expect("the tables are there");
    let told: Vec<_> = posts.iter().map(|post| (&*post.author, &*post.content)).collect();
    assert_eq!(told, [("alice", "first"), ("alice", "second"), ("alice", "third")]);
    assert_eq!(other.count("posts").await.expect("the table is there"), 0);
    assert_eq!(one.tables().await.expect("it is a database"), ["odd \" name", "posts", "users"]);
    let found = one.everything().await.expect("it is a database");
    let has = |table: &str, value: &str| found.iter().any(|(place, text)| place == table && text == value);
    assert!(has("users", "alice") && has("odd \" name", "c0ffee") && has("odd \" name", "42"), "{found:?}");

    let lock = one.lock_writes().await.expect("nobody has it");
    assert_eq!(one.count("posts").await.expect("readers go on"), 3);
    other.add_yesterdays("alice", "elsewhere").await.expect("the lock is on one database");
    let writer = one.clone();
    let mut writing = tokio::spawn(async move { writer.add_yesterdays("alice", "late").await });
    let early = tokio::time::timeout(Duration::from_millis(100), &mut writing).await;
    assert!(early.is_err(), "it was written under the lock");
    lock.release().await.expect("it is held");
    writing.await.expect("it runs to its end").expect("its turn has come");

    assert_eq!(failure(one.user_id("nobody").await), "it is not there");
    other.execute("drop table posts", &[]).await.expect("it was there");
    assert!(failure(other.posts().await).contains("doesn't exist"));
    run.finish().expect("it ends");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_told_in_a_sentence() {
    let Some(run) = started() else { return };
    let url = run.context().servers().await.expect("it starts").mysql_url();
    say(&url, &["create user 'poor'@'%' identified by 'poor'"]).await;
    let at = url.rsplit('@').next().expect("it has a name and a host").trim_end_matches('/');
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("there is a free port");
    let place = Place::new();
    for (url, told) in [
        ("nonsense".to_owned(), "GOSSIP_MYSQL_URL is not the address of a MySQL, such as mysql://user:password@"),
        ("postgres://me@localhost/".to_owned(), "GOSSIP_MYSQL_URL is not the address of a MySQL"),
        (format!("mysql://root@{nobody}"), "where GOSSIP_MYSQL_URL says that a MySQL is (Connection refused"),
        (
            format!("mysql://poor:rich@{at}"),
            "does not let poor in: the name or the password in GOSSIP_MYSQL_URL is wrong",
        ),
        (format!("mysql://poor:poor@{at}"), "the account poor in GOSSIP_MYSQL_URL may not make databases"),
    ] {
        let mut check = place.check("true", &format!("--stack servers {PUBLISH}"));
        let ran = place.run(check.env("GOSSIP_MYSQL_URL", &url));
        ran.ends(2, &["broken: ", told]);
        place.expect_nothing_left();
    }
    run.finish().expect("it ends");
}

#[test]
fn a_redis_that_does_not_let_us_in_is_told_in_a_sentence() {
    let Some(program) = found("redis-server", &[]).filter(|_| found("mariadbd", &["/usr/sbin"]).is_some()) else {
        eprintln!("left out: there is no redis-server, or no mariadbd, on this machine");
        return;
    };
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("there is a free port");
    let mut redis = Command::new(program);
    redis.args(["--requirepass", "open sesame", "--save", "", "--port", &free.port().to_string()]);
    let _redis = Ended(redis.stdout(Stdio::null()).spawn().expect("it can be started"));
    eventually(|| std::net::TcpStream::connect(free).is_ok(), || "Redis does not listen".to_owned());
    for (url, told) in [
        ("mysql://x".to_owned(), "GOSSIP_REDIS_URL is not the address of a Redis, such as redis://:password@"),
        (format!("redis://{free}"), "wants a password; put it into GOSSIP_REDIS_URL: redis://:PASSWORD@"),
        (format!("redis://:wrong@{free}"), "the name or the password in GOSSIP_REDIS_URL is wrong"),
        ("redis://127.0.0.1:1".to_owned(), "where GOSSIP_REDIS_URL says that a Redis is"),
    ] {
        let mut check = place.checker("check 05 --plain --stack servers --program true --scenario asks_once_for_all");
        let ran = place.run(check.env("GOSSIP_REDIS_URL", &url));
        ran.ends(2, &["broken: ", told]);
    }
    place.expect_nothing_left();
}

/// Ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[tokio::test]
async fn somebodys_server_is_left_as_it_was() {
    let (Some(run), Some(solution)) = (started(), solution()) else { return };
    let url = run.context().servers().await.expect("it starts").mysql_url();
    say(&url, &["create database gossip_of_mine", "create database gossip_0badcafe_0badcafe"]).await;
    let place = Place::new();
    let check = || {
        let mut check = place.check(&solution.display().to_string(), &format!("--stack servers {PUBLISH}"));
        check.env("GOSSIP_MYSQL_URL", &url);
        check
    };
    place.run(&mut check()).ends(0, &["passed: 1 of 1"]);
    let result = fs::read_to_string(place.path("target/last-check/01/result.json")).expect("a check leaves it");
    assert!(result.contains("at GOSSIP_MYSQL_URL\""), "the report names the server: {result}");
    // One is nobody's any more, the other was never a check's.
    assert_eq!(databases(&url).await, ["gossip_of_mine"]);

    // A check that is killed leaves databases, and the next one drops them.
    let mut killed = check();
    let mut killed = UnderWay(killed.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started"));
    for _ in 0..600 {
        if databases(&url).await.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = i32::try_from(killed.0.id()).ok().and_then(Pid::from_raw).expect("a child has a number");
    kill_process(pid, Signal::KILL).expect("nobody has waited for it yet");
    killed.0.wait().expect("it is our child");
    place.expect_nothing_left_soon();
    place.run(&mut check()).ends(0, &["passed: 1 of 1"]);
    assert_eq!(databases(&url).await, ["gossip_of_mine"]);
    run.finish().expect("it ends");
}

#[test]
fn killed_checks_leave_no_server() {
    let (Some(solution), Some(_)) = (solution(), found("mariadbd", &["/usr/sbin"])) else { return };
    let place = Place::new();
    for moment in [150, 600, 1500] {
        let mut check = place.check(&solution.display().to_string(), "--stack servers");
        let mut check =
            UnderWay(check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started"));
        thread::sleep(Duration::from_millis(moment));
        let pid = i32::try_from(check.0.id()).ok().and_then(Pid::from_raw).expect("a child has a number");
        kill_process(pid, Signal::KILL).expect("nobody has waited for it yet");
        check.0.wait().expect("it is our child");
        place.expect_nothing_left_soon();
    }
}

#[test]
fn a_copy_without_the_migrations_is_told_which_to_write() {
    let copy = tempfile::tempdir().expect("there is a place");
    for (name, text) in [
        ("src/main.rs", "fn main() {}\n"),
        ("migrations/sqlite/1_user.sql", ""),
        ("migrations/sqlite/2_like.sql", ""),
        ("migrations/mysql/1_user.sql", ""),
    ] {
        let file = copy.path().join(name);
        fs::create_dir_all(file.parent().expect("it is in the copy")).expect("folders can be made");
        fs::write(file, text).expect("files can be written");
    }
    let mut check = Command::new(env!("CARGO_BIN_EXE_checker"));
    check.args(["check", "01", "--plain", "--stack", "servers", "--overlay"]).arg(copy.path());
    let ran = check.stdin(Stdio::null()).output().expect("it can be started");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{told}");
    assert!(told.contains("migrations/mysql lacks 2_like.sql: write the same in MySQL's words there"), "{told}");
}
