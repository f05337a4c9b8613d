//! Migrations, step by step, on databases that hold something: what the tests of every adapter with a schema share.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::approval::{ApprovalTask, TaskState, Vote, VoteOutcome};
use countersign_core::bundle::{Record, WebhookCredential};
use countersign_core::directory::{User, UserStatus};
use countersign_core::error::RepositoryError;
use countersign_core::repository::{Derived, Silent};
use countersign_core::request::{ParentLink, Request, RequestDetails, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{assert_same, assert_sound, export, identity, import};

/// The fixture of an adapter whose schema goes up and down in steps.
#[async_trait]
pub trait Migrated: Fixture {
    /// Runs the next migration; `false` if none is missing.
    async fn up(&self) -> bool;

    /// Takes the last migration back.
    async fn down(&self);

    /// Every table, column, index, constraint and function, in words that tell two schemas apart.
    async fn schema(&self) -> Vec<String>;

    /// Runs a statement.
    async fn edit(&self, statement: &str);
}

/// Makes one test of each step. The argument is the path of an async function without parameters that returns
/// a `Box<dyn Migrated>`; the tests need `tokio` with its macros.
#[macro_export]
macro_rules! migration_tests {
    ($make:path) => {
        $crate::migration_tests! { $make;
            each_step_down_undoes_its_step_up,
            a_second_run_applies_nothing,
            data_goes_through_the_later_steps_both_ways,
            every_change_of_the_directory_counts,
        }
    };
    ($make:path; $($step:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $step() {
            let fixture = $make().await;
            $crate::migrations::$step(&*fixture).await;
        }
    )+};
}

/// What a step down leaves is what its step up found, to the last index.
pub async fn each_step_down_undoes_its_step_up(fixture: &dyn Migrated) {
    let names = fixture.bare().await.migrate().await.unwrap();
    for _ in &names {
        fixture.down().await;
    }
    let mut schemas = vec![fixture.schema().await];
    while fixture.up().await {
        schemas.push(fixture.schema().await);
    }
    assert_eq!(schemas.len(), names.len() + 1, "the steps of {names:?}");
    assert_eq!(schemas[0], Vec::<String>::new(), "what the first step down leaves");
    while let Some(schema) = schemas.pop() {
        assert_eq!(fixture.schema().await, schema, "before step {}", schemas.len() + 1);
        if !schemas.is_empty() {
            fixture.down().await;
        }
    }
    assert_eq!(fixture.repository().migrate().await.unwrap(), names);
    fixture.repository().ready().await.unwrap();
}

/// A run on a migrated database that holds everything applies nothing and changes nothing.
pub async fn a_second_run_applies_nothing(fixture: &dyn Migrated) {
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    let (schema, contents) = (fixture.schema().await, fixture.contents().await);
    assert_eq!(repository.migrate().await.unwrap(), Vec::<String>::new());
    assert!(!fixture.up().await);
    assert_eq!(fixture.schema().await, schema);
    assert!(fixture.contents().await == contents, "a run that applies nothing has changed something");
}

/// What the first migration could hold is there after a step down and up again, with all that is derived from it;
/// what only later ones can hold has gone.
pub async fn data_goes_through_the_later_steps_both_ways(fixture: &dyn Migrated) {
    let repository = fixture.repository();
    import(&*repository, records()).await;
    let before = export(&*repository).await;
    import(&*repository, newer()).await;
    repository.lease("worker", uuid::Uuid::nil(), sample::time(0), sample::time(1)).await.unwrap();

    let above = fixture.bare().await.migrate().await.unwrap().len() - 1;
    to_the_first(fixture, above).await;
    let missing = repository.ready().await;
    assert!(matches!(missing, Err(RepositoryError::MigrationMissing { .. })), "{missing:?}");
    let lower = (fixture.schema().await, fixture.contents().await);

    assert_eq!(repository.migrate().await.unwrap().len(), above);
    assert_sound(&*repository).await;
    assert_same(&export(&*repository).await, &before);
    let caller = identity(&*repository, "user1").await.unwrap().caller;
    assert_eq!(caller.represents, [sample::user_id(3)]);

    to_the_first(fixture, above).await;
    assert_eq!(fixture.schema().await, lower.0);
    let (again, first) = (fixture.contents().await, lower.1);
    for (again, first) in again.iter().zip(&first).filter(|(again, _)| again.table != DIESEL) {
        assert_eq!(again, first);
    }
    assert_eq!(again.len(), first.len());
    assert_eq!(repository.migrate().await.unwrap().len(), above);
    import(&*repository, newer()).await;
    assert_sound(&*repository).await;

    fixture.edit("UPDATE child_count SET awaited = 1 - awaited").await;
    let report = repository.check(true, Arc::new(Silent)).await.unwrap();
    assert_eq!(report.first.iter().map(|found| found.derived).collect::<Vec<_>>(), [Derived::ChildCounts]);
    assert_sound(&*repository).await;
}

/// Whatever a caller is recognised by, or told of the directory, counts up its version, though it is changed by hand.
pub async fn every_change_of_the_directory_counts(fixture: &dyn Migrated) {
    let repository = fixture.repository();
    repository.migrate().await.unwrap();
    import(&*repository, sample::everything()).await;
    for (table, column) in [
        ("app_user", "display_name"),
        ("user_proxy", "start_at"),
        ("credential", "hash"),
        ("app_group", "name"),
        ("group_member", "ordinal"),
        ("profile_template", "name"),
        ("template_principal", "principal_id"),
        ("template_policy", "enabled"),
        ("policy_principal", "principal_id"),
        ("policy_data_item", "name"),
    ] {
        let version = async || identity(&*repository, "user1").await.unwrap().caller.directory;
        let before = version().await;
        fixture.edit(&format!("UPDATE {table} SET {column} = {column}")).await;
        assert!(version().await > before, "{table}");
    }
}

async fn to_the_first(fixture: &dyn Migrated, above: usize) {
    for _ in 0..above {
        fixture.down().await;
    }
}

/// The table in which the migrations themselves are noted, with the times when they ran.
pub const DIESEL: &str = "__diesel_schema_migrations";

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
