//! A commit that waits for a synchronous standby.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::time::Duration;

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::ids::UserId;
use countersign_core::repository::{Change, CommitOutcome, Idempotency, Repository};
use countersign_storage_postgres::{PostgresOptions, open};
use countersign_test_postgres::{Cluster, End};
use uuid::Uuid;

/// The smallest thing that can be committed.
fn change(key: &str) -> Change {
    let idempotency = Idempotency {
        caller: UserId::from(Uuid::nil()),
        operation: "test".to_owned(),
        key: key.to_owned(),
        element: 0,
        command: [0; 32],
        result: Vec::new(),
        at: Timestamp::from_micros(0).unwrap(),
    };
    Change { idempotency: Some(idempotency), ..Change::default() }
}

/// Where a server gives up waiting for its standby, it reports a success: the time that statements have must not
/// make it do so.
#[tokio::test]
async fn what_no_standby_has_is_not_acknowledged_and_the_next_primary_is_found() {
    let mut cluster = Cluster::start(true);
    cluster.create("waits");
    let mut options = PostgresOptions::new(cluster.url("waits"));
    options.statement_timeout = Duration::from_secs(1);
    let repository = open(&options).unwrap();
    repository.migrate().await.unwrap();
    assert_eq!(repository.commit(change("before")).await.unwrap(), CommitOutcome::Committed);

    cluster.hold_back();
    let waiting = tokio::spawn({
        let repository = repository.clone();
        async move { repository.commit(change("meanwhile")).await }
    });
    tokio::time::sleep(2 * options.statement_timeout).await;
    cluster.end_primary(End::Killed);
    let outcome = waiting.await.unwrap();
    assert!(matches!(outcome, Err(RepositoryError::Unavailable(_))), "{outcome:?}");

    cluster.promote();
    cluster.add_standby();
    assert_eq!(cluster.sync_state(), "sync");
    let again = repository.commit(change("before")).await.unwrap();
    assert!(matches!(again, CommitOutcome::Duplicate { .. }), "{again:?}");
    assert_eq!(repository.commit(change("meanwhile")).await.unwrap(), CommitOutcome::Committed);
}
