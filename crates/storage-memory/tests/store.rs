//! What is the store's own: before it is laid out, after it was damaged past the port.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use countersign_core::audit::{Place, Trust};
use countersign_core::catalog::EntityType;
use countersign_core::error::RepositoryError;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::grant::Grant;
use countersign_core::ids::Revision;
use countersign_core::repository::{
    Change, CommitOutcome, ExportError, ExportOptions, Repository, Result, Silent, Start,
};
use countersign_storage_conformance::sample::{self, Lines};
use countersign_storage_conformance::support::{commit, import, mim_list, next_state};
use countersign_storage_memory::{MemoryRepository, Store};

fn is_missing<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(RepositoryError::MigrationMissing { missing }) if missing == "00000000000001_initial")
}

#[tokio::test]
async fn before_the_migration_each_kind_of_call_names_it() {
    let bare = MemoryRepository::default();
    let list = mim_list(&[sample::principal(1)]);
    assert!(is_missing(bare.user(sample::user_id(1)).await));
    assert!(is_missing(bare.commit(Change::default()).await));
    assert!(is_missing(bare.requests(&list, Start::Offset(0), 1).await));
    assert!(is_missing(bare.audit(Trust::default(), Arc::new(Silent)).await));
    assert!(is_missing(bare.check(true, Arc::new(Silent)).await));
    assert!(is_missing(Store::default().view(|tables| tables.readiness).await));
}

async fn populated() -> (Store, MemoryRepository) {
    let store = Store::default();
    let repository = MemoryRepository::on(&store);
    repository.migrate().await.unwrap();
    import(&repository, sample::everything()).await;
    (store, repository)
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_where_it_is_and_nowhere_else() {
    let (store, repository) = populated().await;
    let damaged = sample::user_id(4);
    store.edit(|tables| tables.users.damage(damaged.as_uuid(), "moths")).await.unwrap();
    let answer = repository.user(damaged).await;
    assert!(matches!(&answer, Err(RepositoryError::Damaged(reason)) if reason.contains("moths")), "{answer:?}");
    assert_eq!(repository.user(sample::user_id(2)).await.unwrap().unwrap().id, sample::user_id(2));
    let options = ExportOptions { credentials: false };
    let export = repository.export(options, Box::new(Lines::default()), Arc::new(Silent)).await;
    assert!(matches!(export, Err(ExportError::Repository(RepositoryError::Damaged(_)))));
    let report = repository.audit(Trust::default(), Arc::new(Silent)).await.unwrap();
    let stream = StreamId { stream: StreamKind::User, id: damaged.as_uuid() };
    let places: Vec<_> = report.first.iter().map(|fault| &fault.place).collect();
    assert_eq!(places, [&Place::Stream(stream)], "{:#?}", report.first);
}

#[tokio::test]
async fn an_audit_names_what_refers_to_nothing() {
    let (store, repository) = populated().await;
    store.edit(|tables| tables.templates.remove(sample::template_id(1).as_uuid())).await.unwrap();
    let report = repository.audit(Trust::default(), Arc::new(Silent)).await.unwrap();
    for table in ["request", "profile"] {
        let place = Place::Table(table.to_owned());
        let named = report.first.iter().find(|fault| fault.place == place).map(|fault| fault.detail.as_str());
        assert!(named.is_some_and(|detail| detail.contains("the profile template")), "{table}: {:#?}", report.first);
    }
}

#[tokio::test]
async fn an_account_keeps_its_number_while_something_lies_in_it() {
    let (_, repository) = populated().await;
    let number = |number: i64| number.try_into().unwrap();
    let account = Grant { entity_type: EntityType::ApplicationInstance, number: number(700), ..sample::grant(70, 2) };
    let lies = Grant {
        entity_type: EntityType::Entitlement,
        account: Some(account.number),
        number: number(701),
        ..sample::grant(71, 2)
    };
    let both = Change { grants: vec![next_state(account.clone()), next_state(lies.clone())], ..Change::default() };
    commit(&repository, both).await;
    let revision = Revision::FIRST.next();
    let moved = next_state(Grant { number: number(702), revision, ..account });
    let alone = Change { grants: vec![moved.clone()], ..Change::default() };
    assert!(repository.commit(alone).await.is_err());
    let follows = next_state(Grant { account: Some(number(702)), revision, ..lies });
    let together = Change { grants: vec![follows, moved], ..Change::default() };
    assert_eq!(repository.commit(together).await.unwrap(), CommitOutcome::Committed);
}
