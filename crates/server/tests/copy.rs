//! `countersign copy` as its user meets it, in both directions; and what it copies, held against both schemas.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign_core::repository::Repository;
use countersign_storage_postgres::PostgresOptions;
use countersign_storage_sql::copy::{Kind, NOT_COPIED, TABLES};
use countersign_storage_sqlite::SqliteOptions;
use countersign_test_postgres::Database;
use countersign_xtask::outside;
use countersign_xtask::process::{Server, outcome, output, serve_at, url_of};
use countersign_xtask::seed::lived::{self, Lives};
use support::binary;
use tempfile::TempDir;

/// A folder with a small database.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        lived::make(&site.path("first.db"), Lives { requests: 20, lived: 1, keys: 5 }).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        url_of(&self.path(name))
    }

    fn export(&self, url: &str) -> String {
        output(serve_at(&binary(), url).args(["export", "--with-credentials", "-"])).unwrap()
    }
}

fn copy(from: &str, to: &str, more: &[&str]) -> Command {
    let mut command = serve_at(&binary(), "sqlite://not/used.db");
    command.args(["copy", "--from", from, "--to", to]).args(more);
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a command says that must fail.
fn refused(command: &mut Command) -> String {
    let output = outcome(command).unwrap();
    assert!(!output.status.success(), "{command:?} succeeds: {}", said(&output));
    let said = said(&output);
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{said}");
    said
}

/// The lines of the tables, without what else was said.
fn tables(said: &str) -> Vec<&str> {
    said.lines().filter(|line| TABLES.iter().any(|table| line.split(' ').next() == Some(table.name))).collect()
}

#[test]
fn a_database_goes_to_the_other_kind_and_back() {
    let (site, database) = (Site::new(), Database::new());
    let first = site.url("first.db");
    let there = output(&mut copy(&first, &database.url(), &[])).unwrap();
    let back = output(&mut copy(&database.url(), &site.url("new/third.db"), &["--batch", "3"])).unwrap();
    assert_eq!(tables(&there), tables(&back));
    assert_eq!(tables(&there).len(), TABLES.len());
    assert!(there.contains("0 faults found") && back.ends_with("the copy is finished\n"), "{back}");
    // The feed goes on where it was.
    let ends = "SELECT CAST(seq AS TEXT) AS value FROM sqlite_sequence WHERE name = 'event'";
    let end = outside::ask(&site.path("first.db"), ends).unwrap();
    assert_eq!(outside::ask(&site.path("new/third.db"), ends).unwrap(), end);
    assert_eq!(database.ask("SELECT next - 1 FROM number_space WHERE space = 5"), end);
    let exported = site.export(&first);
    for url in [database.url(), site.url("new/third.db")] {
        assert!(site.export(&url) == exported, "{url} exports something else");
        output(serve_at(&binary(), &url).arg("check")).unwrap();
        Server::start(serve_at(&binary(), &url).arg("serve")).unwrap().stop().unwrap();
    }
}

#[test]
fn a_database_is_copied_to_its_own_kind_too() {
    let site = Site::new();
    let (one, other) = (Database::new(), Database::new());
    let first = output(&mut copy(&site.url("first.db"), &site.url("second.db"), &[])).unwrap();
    let second = output(&mut copy(&site.url("second.db"), &one.url(), &[])).unwrap();
    let third = output(&mut copy(&one.url(), &other.url(), &[])).unwrap();
    assert_eq!(tables(&first), tables(&second));
    assert_eq!(tables(&second), tables(&third));
}

#[test]
fn what_cannot_be_copied_is_refused_and_nothing_is_changed() {
    let site = Site::new();
    let first = site.url("first.db");
    let run = |from: &str, to: &str| refused(&mut copy(from, to, &[]));
    let full = site.url("full.db");
    output(&mut copy(&first, &full, &[])).unwrap();
    let before = site.export(&full);
    let refusal = run(&first, &full);
    assert!(refusal.contains("not empty") && refusal.contains("rows in its table"), "{refusal}");
    assert_eq!(site.export(&full), before);

    let database = Database::new();
    database.edit("CREATE TABLE invoice (id BIGINT)");
    let refusal = run(&first, &database.url());
    assert!(refusal.contains("not empty") && refusal.contains("invoice"), "{refusal}");
    assert_eq!(database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");

    assert!(run(&first, &first).contains("the same database"));
    let refusal = run(&site.url("missing.db"), &site.url("new.db"));
    assert!(refusal.contains("missing.db") && !site.path("new.db").exists(), "{refusal}");
    assert!(!site.path("missing.db").exists());
    std::fs::write(site.path("empty.db"), "").unwrap();
    let refusal = run(&site.url("empty.db"), &site.url("new.db"));
    assert!(refusal.contains("the source") && refusal.contains("countersign migrate"), "{refusal}");
}

/// The adapter tries for some seconds: both directions at once.
#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let site = Site::new();
    let refusal = refused(&mut copy(&site.url("first.db"), "mysql://app:hunter2@db/x", &[]));
    assert!(refusal.contains("--to: ") && !refusal.contains("hunter2"), "{refusal}");
    std::thread::scope(|scope| {
        let to = "postgres://app:hunter2@127.0.0.1:1/x";
        let from = "postgres://app@/x?host=/nowhere&password=hunter2";
        for (from, to, side) in
            [(site.url("first.db").as_str(), to, "the target"), (from, &site.url("new.db"), "the source")]
        {
            let mut command = copy(from, to, &[]);
            scope.spawn(move || {
                let refusal = refused(&mut command);
                assert!(refusal.contains(side) && refusal.contains("not available"), "{refusal}");
                assert!(!refusal.contains("hunter2"), "{refusal}");
            });
        }
    });
}

#[test]
fn nobody_may_work_on_either_database() {
    let site = Site::new();
    std::fs::copy(site.path("first.db"), site.path("second.db")).unwrap();
    let server = Server::start(serve_at(&binary(), &site.url("first.db")).arg("serve")).unwrap();
    wait_for_lease(&site.path("first.db"));
    let refusal = refused(&mut copy(&site.url("first.db"), &site.url("new.db"), &[]));
    assert!(refusal.contains("a server works on the source"), "{refusal}");
    drop(server);

    let target = site.url("target.db");
    output(serve_at(&binary(), &target).arg("migrate")).unwrap();
    let server = Server::start(serve_at(&binary(), &target).arg("serve")).unwrap();
    wait_for_lease(&site.path("target.db"));
    let refusal = refused(&mut copy(&site.url("second.db"), &target, &[]));
    assert!(refusal.contains("a server works on the target"), "{refusal}");
    drop(server);
}

fn wait_for_lease(database: &Path) {
    let leases = "SELECT CAST(count(*) AS TEXT) AS value FROM lease";
    while outside::ask(database, leases).unwrap() == "0" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// The audit of a source with a fault stops a copy when all rows are there.
#[test]
fn an_unfinished_copy_is_no_database_and_goes_on_with_its_own_source_alone() {
    let (site, database) = (Site::new(), Database::new());
    let (first, to) = (site.url("first.db"), database.url());
    let other = site.path("other.db");
    std::fs::copy(site.path("first.db"), &other).unwrap();
    outside::edit(&other, "UPDATE event SET hash = zeroblob(32) WHERE position = 1").unwrap();
    outside::edit(&site.path("first.db"), "UPDATE request SET failure = 'none' WHERE number = 1002").unwrap();
    let refusal = refused(&mut copy(&first, &to, &[]));
    assert!(refusal.contains("fault") && refusal.contains("--keep-faults"), "{refusal}");

    for command in ["serve", "check", "demo"] {
        let refusal = refused(serve_at(&binary(), &to).arg(command));
        assert!(refusal.contains("unfinished copy") && refusal.contains("countersign copy"), "{command}: {refusal}");
    }
    let refusal = refused(&mut copy(&to, &site.url("next.db"), &[]));
    assert!(refusal.contains("the source") && refusal.contains("unfinished copy"), "{refusal}");
    let refusal = refused(&mut copy(&url_of(&other), &to, &[]));
    assert!(refusal.contains("another database"), "{refusal}");

    // A row that was copied and has changed since, without an event.
    outside::edit(&site.path("first.db"), "UPDATE request SET failure = 'some' WHERE number = 1002").unwrap();
    let refusal = refused(&mut copy(&first, &to, &["--keep-faults"]));
    assert!(refusal.contains("the source has changed") && refusal.contains("table request"), "{refusal}");
    outside::edit(&site.path("first.db"), "UPDATE request SET failure = 'none' WHERE number = 1002").unwrap();

    database.edit("UPDATE idempotency SET element = element + 1");
    let refusal = refused(&mut copy(&first, &to, &["--keep-faults"]));
    assert!(refusal.contains("the target's table idempotency has the checksum"), "{refusal}");
    database.edit("UPDATE idempotency SET element = element - 1");

    let finished = output(&mut copy(&first, &to, &["--keep-faults"])).unwrap();
    assert!(finished.contains("before the copy was broken off") && !finished.contains(" 0 faults found"), "{finished}");
    Server::start(serve_at(&binary(), &to).arg("serve")).unwrap().stop().unwrap();
}

/// A new table or column is copied, or stands on the list of what is not.
#[test]
fn every_table_and_column_is_copied_by_its_key() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new());
    let of_sqlite = runtime.block_on(async {
        let repository = countersign_storage_sqlite::open(&SqliteOptions::new(folder.path().join("a.db"))).unwrap();
        repository.migrate().await.unwrap();
        repository.engine().columns().await.unwrap()
    });
    let of_postgres = runtime.block_on(async {
        let repository = countersign_storage_postgres::open(&PostgresOptions::new(database.url())).unwrap();
        repository.migrate().await.unwrap();
        repository.engine().columns().await.unwrap()
    });
    let listed: BTreeSet<_> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| (table.name.to_owned(), column.name.to_owned())))
        .collect();
    for columns in [of_sqlite, of_postgres] {
        let names: BTreeSet<_> = columns.iter().map(|(table, _)| table.clone()).collect();
        for (table, reason) in NOT_COPIED {
            assert!(names.contains(*table) && reason.len() > 10, "{table} is on the list and not in the schema");
        }
        let live = columns.into_iter().filter(|(table, _)| !NOT_COPIED.iter().any(|(left, _)| left == table));
        assert_eq!(live.collect::<BTreeSet<_>>(), listed);
    }
    for table in TABLES {
        let key: Vec<_> = table.columns[..table.keys].iter().map(|column| column.name).collect();
        assert_eq!(sqlite_key(&folder.path().join("a.db"), table.name), key.join(","), "{}", table.name);
        assert_eq!(postgres_key(&database, table.name), key.join(","), "{}", table.name);
        for column in table.columns {
            let kind = match postgres_type(&database, table.name, column.name).as_str() {
                "uuid" => Kind::Id,
                "bytea" => Kind::Blob,
                "text" => Kind::Text,
                "smallint" | "integer" | "bigint" => Kind::Int,
                other => panic!("{}.{} is {other}", table.name, column.name),
            };
            assert_eq!(column.kind, kind, "{}.{}", table.name, column.name);
        }
    }
}

fn sqlite_key(database: &Path, table: &str) -> String {
    let key = format!(
        "SELECT group_concat(name) AS value FROM (SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk)"
    );
    outside::ask(database, &key).unwrap()
}

fn postgres_key(database: &Database, table: &str) -> String {
    database.ask(&format!(
        "SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM pg_index i \
         CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attribute, place) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute \
         WHERE i.indrelid = '{table}'::regclass AND i.indisprimary"
    ))
}

fn postgres_type(database: &Database, table: &str, column: &str) -> String {
    database.ask(&format!(
        "SELECT data_type FROM information_schema.columns WHERE table_name = '{table}' AND column_name = '{column}'"
    ))
}
