//! Connections that are lost while nobody uses them.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use countersign_core::ids::RequestId;
use countersign_core::repository::Repository;
use countersign_storage_postgres::{PostgresOptions, open};
use countersign_test_postgres::Database;
use uuid::Uuid;

/// The first statement on a lost connection may be one that was never prepared there: it fails before it runs.
#[tokio::test]
async fn a_lost_connection_is_not_kept() {
    let database = Database::new();
    let repository = open(&PostgresOptions::new(database.url())).unwrap();
    repository.migrate().await.unwrap();
    repository.ready().await.unwrap();
    database.edit(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert_eq!(repository.request(RequestId::from(Uuid::nil())).await.unwrap(), None);
}
