//! The second migration, back and forth over data that was there before it.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use countersign_core::approval::{ApprovalTask, TaskState, Vote, VoteOutcome};
use countersign_core::bundle::{Record, WebhookCredential};
use countersign_core::catalog::EntityType;
use countersign_core::directory::{User, UserStatus};
use countersign_core::error::RepositoryError;
use countersign_core::grant::GrantStatus;
use countersign_core::repository::{Derived, Repository, Silent};
use countersign_core::request::{ParentLink, Request, RequestDetails, RequestStatus};
use countersign_storage_conformance::sample;
use countersign_storage_conformance::support::{assert_same, assert_sound, export, import};
use countersign_storage_sqlite::SqliteOptions;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Pending: with deadlines, of somebody who has left, voted on by a proxy.
fn pending() -> Request {
    let vote = Vote {
        voter: sample::user_id(4),
        represented: Some(sample::user_id(5)),
        outcome: VoteOutcome::Approve,
        at: sample::time(3),
        content_revision: 1,
        comment: None,
    };
    let voted =
        ApprovalTask { state: TaskState::Completed, votes: vec![vote], ..sample::task(1, sample::principal(4)) };
    let late = ApprovalTask { expires: Some(sample::time(90)), ..sample::task(2, sample::group_principal(1)) };
    let soon = ApprovalTask { expires: Some(sample::time(80)), ..sample::task(3, sample::principal(3)) };
    let aside = ApprovalTask {
        state: TaskState::Suspended,
        expires: Some(sample::time(70)),
        acquired_by: Some(sample::user_id(2)),
        ..sample::task(4, sample::group_principal(1))
    };
    let stages = vec![sample::stage(vec![voted, late, soon, aside])];
    sample::in_status(Request { stages, ..sample::access_request(1, 1, &[2, 5]) }, RequestStatus::Pending)
}

fn scheduled() -> Request {
    let mut request = sample::in_status(sample::access_request(2, 1, &[2]), RequestStatus::Scheduled);
    if let RequestDetails::Access(access) = &mut request.details {
        access.targets.iter_mut().for_each(|target| target.start = Some(sample::time(60)));
    }
    request
}

/// What the first migration could hold.
fn records() -> Vec<Record> {
    let left = User { status: UserStatus::Disabled, manager: Some(sample::user_id(1)), ..sample::user(3) };
    let mut records: Vec<_> = [1, 2, 4, 5].map(sample::user).map(Record::User).to_vec();
    records.push(Record::User(left));
    records.push(Record::Group(sample::administrators(1, &[sample::principal(4)])));
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.push(Record::CatalogItem(sample::catalog_item(7)));
    let parent = Request { has_children: true, ..sample::access_request(3, 1, &[2]) };
    let parent = sample::in_status(parent, RequestStatus::AwaitingChildren);
    let child = Request {
        parent: Some(ParentLink { request: parent.id, ordinal: 1 }),
        ..sample::in_status(sample::access_request(4, 1, &[2]), RequestStatus::Completed)
    };
    let certificate = Request {
        stages: vec![sample::stage(vec![sample::task(5, sample::principal(4))])],
        ..sample::certificate_request(5, 1, 2)
    };
    let certificate = sample::in_status(certificate, RequestStatus::Pending);
    let requests = [pending(), scheduled(), parent, child, certificate];
    records.extend(requests.map(Box::new).map(Record::Request));
    records
}

/// What only the second migration can hold.
fn newer() -> Vec<Record> {
    vec![
        Record::ApprovalRule(sample::approval_rule(1)),
        Record::RequestRule(sample::request_rule(2)),
        Record::Grant(sample::grant(1, 1)),
        Record::Webhook(sample::webhook(1)),
        Record::WebhookSecret(WebhookCredential { webhook: sample::webhook(1).id, secret: sample::secret(1) }),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_goes_through_the_second_migration_both_ways() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("test.db");
    let repository = countersign_storage_sqlite::open(&SqliteOptions::new(&path)).unwrap();
    assert_eq!(repository.migrate().await.unwrap().len(), 2);
    import(&repository, records()).await;
    let before = export(&repository).await;
    import(&repository, newer()).await;
    repository.lease("worker", uuid::Uuid::nil(), sample::time(0), sample::time(1)).await.unwrap();

    let mut outside = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    outside.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON").unwrap();
    outside.revert_last_migration(MIGRATIONS).unwrap();
    let missing = repository.ready().await;
    assert!(matches!(missing, Err(RepositoryError::MigrationMissing { .. })), "{missing:?}");

    assert_eq!(repository.migrate().await.unwrap(), ["00000000000002_lifecycle"]);
    assert_sound(&repository).await;
    assert_same(&export(&repository).await, &before);
    let caller = repository.identity("user1", sample::time(0)).await.unwrap().unwrap().caller;
    assert_eq!(caller.represents, [sample::user_id(3)]);
    import(&repository, newer()).await;
    assert_sound(&repository).await;

    outside.batch_execute("UPDATE child_count SET awaited = 1 - awaited").unwrap();
    let report = repository.check(true, Arc::new(Silent)).await.unwrap();
    assert_eq!(report.first.iter().map(|found| found.derived).collect::<Vec<_>>(), [Derived::ChildCounts]);
    assert_sound(&repository).await;
}

/// The schema and the statements name these codes where a bound value would keep an index from being used.
#[test]
fn codes_in_the_schema_are_those_of_the_core() {
    let open = TaskState::ALL.iter().filter(|state| state.is_open()).map(|state| state.code());
    assert_eq!(open.collect::<Vec<_>>(), [1, 3, 7, 8]);
    let statuses = [
        RequestStatus::Pending,
        RequestStatus::AwaitingChildren,
        RequestStatus::AwaitingDependency,
        RequestStatus::Scheduled,
        RequestStatus::Completed,
    ];
    assert_eq!(statuses.map(RequestStatus::code), [3, 5, 6, 7, 9]);
    assert_eq!(UserStatus::Disabled.code(), 2);
    assert_eq!([GrantStatus::Active, GrantStatus::Ended].map(GrantStatus::code), [1, 3]);
    assert_eq!([EntityType::Role, EntityType::Entitlement].map(EntityType::code), [1, 2]);
}
