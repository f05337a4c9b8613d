//! The conformance suite in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step fails the case")]

mod contents;
mod tampering;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use countersign_core::directory::Group;
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{Derived, Repository};
use countersign_storage_conformance::{Column, Fixture, LeftOut, Tampering, conformance_tests};
use countersign_storage_memory::{LEFT_OUT, MemoryRepository, Store};
use uuid::Uuid;

static REASONS: LazyLock<Vec<LeftOut>> =
    LazyLock::new(|| LEFT_OUT.iter().map(|(table, column, reason)| LeftOut { table, column, reason }).collect());

struct MemoryFixture(Store);

impl MemoryFixture {
    async fn new() -> Self {
        let store = Store::default();
        MemoryRepository::on(&store).migrate().await.unwrap();
        Self(store)
    }
}

#[async_trait]
impl Fixture for MemoryFixture {
    fn repository(&self) -> Arc<dyn Repository> {
        Arc::new(MemoryRepository::on(&self.0))
    }

    async fn second(&self) -> Arc<dyn Repository> {
        Arc::new(MemoryRepository::on(&self.0))
    }

    async fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new().await)
    }

    async fn bare(&self) -> Arc<dyn Repository> {
        Arc::new(MemoryRepository::default())
    }

    async fn plant(&self, derived: Derived, id: Uuid) {
        self.0.edit(|tables| tampering::plant(&mut tables.derived, derived, id)).await.unwrap();
    }

    async fn tamper(&self, tampering: Tampering, request: RequestId) {
        self.0.edit(|tables| tampering::tamper(tables, tampering, request)).await.unwrap();
    }

    fn stray(&self) -> &'static str {
        "credentials"
    }

    async fn move_member(&self, user: UserId, from: GroupId, to: GroupId) {
        let edit = |group: Arc<Group>, edit: fn(&mut Group, UserId)| {
            let mut group = Arc::unwrap_or_clone(group);
            edit(&mut group, user);
            group
        };
        self.0
            .edit(|tables| {
                let [from, to] = [from, to].map(|group| tables.groups.get(group.as_uuid()).unwrap().expect("a group"));
                tables.groups.put(edit(from, |group, user| group.members.retain(|member| *member != user.into())));
                tables.groups.put(edit(to, |group, user| group.members.push(user.into())));
            })
            .await
            .unwrap();
    }

    async fn contents(&self) -> Vec<Column> {
        self.0.view(contents::of).await.unwrap()
    }

    fn left_out(&self) -> &'static [LeftOut] {
        &REASONS
    }
}

async fn fixture() -> Box<dyn Fixture> {
    Box::new(MemoryFixture::new().await)
}

conformance_tests!(fixture);
