//! The site's database as scenarios use it: copies of a template, rows of the contract, the write lock.

use std::time::Duration;

use checker::{story::Stop, world::database::Database};
use tempfile::TempDir;

/// The tables of the contract, and one user.
async fn template(folder: &TempDir) -> Database {
    let file = folder.path().join("template.db");
    std::fs::write(&file, "").expect("files can be written");
    let database = Database::at(file);
    database.settle().await.expect("an empty file is an empty database");
    for sql in [
        "create table users (id integer primary key, name text unique not null, password_hash text not null,
         created_at integer not null)",
        "create table posts (id integer primary key, user_id integer not null references users (id), tag text not null,
         content text not null, created_at integer not null)",
        "insert into users (name, password_hash, created_at) values ('alice', '$argon2id$v=19$…', 0)",
    ] {
        database.execute(sql, &[]).await.expect("it is SQL");
    }
    database.settle().await.expect("nobody else has it open");
    database
}

fn failure(result: Result<impl std::fmt::Debug, Stop>) -> String {
    match result {
        Err(Stop::Failed(failure)) => failure.saw,
        other => panic!("the program is to blame, not {other:?}"),
    }
}

#[tokio::test]
async fn each_copy_has_what_the_template_has_and_nothing_of_another() {
    let folder = TempDir::new().expect("there is a place");
    let template = template(&folder).await;
    let (one, other) = (Database::at(folder.path().join("one.db")), Database::at(folder.path().join("other.db")));
    for copy in [&one, &other] {
        copy.copy_from(&template).await.expect("it can be copied");
    }
    let alice = one.user_id("alice").await.expect("the template has her");
    one.add_posts(alice, &["first".to_owned(), "second".to_owned()]).await.expect("the tables are there");
    assert_eq!(one.count("posts").await.expect("the table is there"), 2);
    assert_eq!(other.count("posts").await.expect("the table is there"), 0);
    let posts = one.posts().await.expect("the tables are there");
    let told: Vec<_> = posts.iter().map(|post| (&*post.author, &*post.content)).collect();
    assert_eq!(told, [("alice", "first"), ("alice", "second")]);
    assert!(posts[0].created_at < posts[1].created_at, "the last one is the newest");
    let none = Database::at(folder.path().join("none.db"));
    assert!(Database::at(folder.path().join("x.db")).copy_from(&none).await.is_err());
}

#[tokio::test]
async fn old_posts_and_twins_are_where_they_should_be() {
    let folder = TempDir::new().expect("there is a place");
    let database = template(&folder).await;
    let alice = database.user_id("alice").await.expect("she is there");
    database.add_posts(alice, &["now".to_owned()]).await.expect("the tables are there");
    database.add_yesterdays("alice", "old").await.expect("the tables are there");
    database.add_twins("alice", &["one".to_owned(), "other".to_owned()]).await.expect("the tables are there");
    let posts = database.posts().await.expect("the tables are there");
    let at = |content: &str| posts.iter().find(|post| post.content == content).expect("it is there").created_at;
    assert!(at("old") < at("now") && at("now") < at("one") && at("one") == at("other"));
}

#[tokio::test]
async fn what_the_contract_has_and_the_database_has_not_is_the_programs_fault() {
    let folder = TempDir::new().expect("there is a place");
    let database = template(&folder).await;
    assert_eq!(failure(database.user_id("nobody").await), "it is not there");
    database.execute("drop table posts", &[]).await.expect("it was there");
    let saw = failure(database.posts().await);
    assert_eq!(saw, "the database that role migrate made says: no such table: posts");
    database.execute("alter table users rename column name to nick", &[]).await.expect("it was there");
    assert!(failure(database.user_id("alice").await).contains("no such column: name"));

    let rubbish = folder.path().join("rubbish.db");
    std::fs::write(&rubbish, "once upon a time, a file that was no database").expect("files can be written");
    match Database::at(rubbish).posts().await {
        Err(Stop::Broken(_)) => {}
        other => panic!("no verdict on a program follows from this: {other:?}"),
    }
}

#[tokio::test]
async fn a_thief_finds_everything() {
    let folder = TempDir::new().expect("there is a place");
    let database = template(&folder).await;
    database.execute("create table \"odd \"\" name\" (secret blob, number integer)", &[]).await.expect("it is SQL");
    database.execute("insert into \"odd \"\" name\" values (x'c0ffee', 42)", &[]).await.expect("it is SQL");
    assert_eq!(database.tables().await.expect("it is a database"), ["odd \" name", "posts", "users"]);
    let found = database.everything().await.expect("it is a database");
    let has = |table: &str, value: &str| found.iter().any(|(place, text)| place == table && text == value);
    assert!(has("users", "alice") && has("users", "$argon2id$v=19$…") && has("odd \" name", "c0ffee"), "{found:?}");
}

#[tokio::test]
async fn while_the_lock_is_held_writes_wait_and_reads_do_not() {
    let folder = TempDir::new().expect("there is a place");
    let database = template(&folder).await;
    let lock = database.lock_writes().await.expect("nobody has it");
    assert_eq!(database.count("users").await.expect("readers go on"), 1);
    let other = database.clone();
    let mut writing = tokio::spawn(async move { other.add_yesterdays("alice", "late").await });
    let early = tokio::time::timeout(Duration::from_millis(100), &mut writing).await;
    assert!(early.is_err(), "it was written under the lock");
    lock.release().await.expect("it is held");
    writing.await.expect("it runs to its end").expect("its turn has come");
    assert_eq!(database.count("posts").await.expect("the table is there"), 1);
}
