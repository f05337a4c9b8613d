//! Connections that stay in the snapshot of their last read: what others commit is read at once, and the write-ahead log
//! is begun anew as if nobody stayed.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use countersign_core::bundle::Record;
use countersign_core::repository::Repository;
use countersign_storage_conformance::sample;
use countersign_storage_conformance::support::import;
use countersign_storage_sqlite::{SqliteOptions, SqliteRepository};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Integer;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

struct Site {
    repository: SqliteRepository,
    /// As another process has it.
    other: SqliteConnection,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("test.db");
        let repository = countersign_storage_sqlite::open(&SqliteOptions::new(&path)).unwrap();
        repository.migrate().await.unwrap();
        let group = sample::group(1, &[sample::principal(1)]);
        import(&repository, vec![Record::User(sample::user(1)), Record::Group(group)]).await;
        let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        other.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF").unwrap();
        Self { repository, other, path, _folder: folder }
    }

    async fn is_member(&self) -> bool {
        self.repository.belongs(sample::user_id(1), &[sample::group_principal(1)]).await.unwrap()
    }

    /// Reads until a connection stays.
    async fn stay(&self) {
        for _ in 0..4 {
            self.is_member().await;
        }
    }

    /// Whether somebody keeps the write-ahead log from being begun anew.
    fn is_kept(&mut self) -> bool {
        #[derive(QueryableByName)]
        struct Checkpoint {
            #[diesel(sql_type = Integer)]
            busy: i32,
        }
        self.other.batch_execute("PRAGMA busy_timeout = 0").unwrap();
        let checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(&mut self.other);
        checkpoint.unwrap().busy != 0
    }
}

#[tokio::test]
async fn what_another_process_commits_is_read_at_once() {
    let mut site = Site::new().await;
    for _ in 0..50 {
        site.stay().await;
        site.other.batch_execute("UPDATE group_member SET ordinal = ordinal + 1").unwrap();
        assert!(site.is_member().await);
        site.other.batch_execute("DELETE FROM group_member").unwrap();
        assert!(!site.is_member().await);
        site.stay().await;
        site.other
            .batch_execute("INSERT INTO group_member SELECT g.id, 0, u.id FROM app_group g CROSS JOIN app_user u")
            .unwrap();
        assert!(site.is_member().await);
    }
}

#[tokio::test]
async fn nobody_stays_for_long() {
    let mut site = Site::new().await;
    site.stay().await;
    site.other.batch_execute("UPDATE group_member SET ordinal = 7").unwrap();
    assert!(site.is_kept(), "nobody stayed at all");
    let begin = Instant::now();
    while site.is_kept() {
        assert!(begin.elapsed() < Duration::from_secs(30), "somebody stays for good");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn nobody_stays_when_the_repository_is_closed() {
    let mut site = Site::new().await;
    site.stay().await;
    site.repository.close().await.unwrap();
    assert!(!site.is_kept());
}

#[tokio::test]
async fn the_log_stays_short_while_others_write_and_everybody_reads() {
    let mut site = Site::new().await;
    let mut log = site.path.clone().into_os_string();
    log.push("-wal");
    for n in 0..4_000 {
        site.other.batch_execute(&format!("UPDATE group_member SET ordinal = {n}")).unwrap();
        site.stay().await;
    }
    let pages = std::fs::metadata(log).unwrap().len() / 4096;
    assert!(pages < 2_000, "{pages} pages");
}
