//! A database file that is taken away from under a server.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::path::Path;
use std::sync::Arc;

use countersign_core::error::RepositoryError;
use countersign_core::repository::Repository;
use countersign_storage_conformance::sample;
use countersign_storage_conformance::support::import;
use countersign_storage_sqlite::{SqliteOptions, SqliteRepository};
use tokio::task::JoinSet;

async fn filled(path: &Path) -> Arc<SqliteRepository> {
    let repository = countersign_storage_sqlite::open(&SqliteOptions::new(path)).unwrap();
    repository.migrate().await.unwrap();
    import(&repository, sample::everything()).await;
    repository.ready().await.unwrap();
    Arc::new(repository)
}

async fn refusal(repository: &SqliteRepository) -> String {
    let Err(RepositoryError::Unavailable(reason)) = repository.ready().await else { panic!("it is ready") };
    reason
}

/// Connections that are opened later make no empty file in its place, which would answer that there is nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_file_that_is_gone_is_not_made_anew() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let repository = filled(&path).await;
    std::fs::rename(&path, folder.path().join("elsewhere.db")).unwrap();
    let mut reads = JoinSet::new();
    for _ in 0..64 {
        let repository = Arc::clone(&repository);
        reads.spawn(async move { repository.event_feed(0, 1000).await.map(|_| ()) });
    }
    reads.join_all().await;
    assert!(!path.exists());
    assert!(refusal(&repository).await.contains("is not there any more"));
}

/// What a server would write into the old file nobody would ever read again.
#[tokio::test]
async fn another_file_in_its_place_is_not_the_database() {
    let folder = tempfile::TempDir::new().unwrap();
    let (path, other) = (folder.path().join("test.db"), folder.path().join("other.db"));
    let repository = filled(&path).await;
    filled(&other).await.close().await.unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert!(refusal(&repository).await.contains("is another file"));
}

/// What has a meaning in a URI has none in a file's name.
#[tokio::test]
async fn a_file_may_have_any_name() {
    let folder = tempfile::TempDir::new().unwrap();
    for name in ["a?mode=memory", "b#c", "d%20e", "file:f", "g h", "ü"] {
        let path = folder.path().join(name);
        filled(&path).await.close().await.unwrap();
        assert!(path.metadata().unwrap().len() > 0, "{name}");
    }
}
