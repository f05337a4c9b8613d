//! The port over the tables: each method says what kind of work it is, and what does it.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::audit::{AuditReport, Checkpoint, Span, Trust};
use countersign_core::bundle::{ImportError, ImportReport, Key, RecordSource};
use countersign_core::catalog::{CatalogItem, EntityKey, EntityType};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{DirectoryVersion, Group, Login, MimRight, PrincipalName, User};
use countersign_core::event::{StoredEvent, StreamId};
use countersign_core::grant::Grant;
use countersign_core::ids::{
    CatalogNumber, GrantId, GrantNumber, GroupId, PrincipalId, ProfileId, RequestId, RequestNumber, SmartcardId,
    TaskId, TemplateId, UserId, UserNumber, WebhookId,
};
use countersign_core::profile::{Profile, ProfileStatus, Smartcard};
use countersign_core::repository::{
    Change, CheckReport, ChildCounts, CommitOutcome, Delivery, Due, ExportError, ExportOptions, Identity,
    ImportContext, Inbox, InboxItem, NumberSpace, Page, PlacedEvent, Progress, RecordSink, Repository, RequestCursor,
    RequestList, Result, Start, StoredRequest, TaskCursor,
};
use countersign_core::request::ChildSummary;
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::{CertificateOperation, ProfileTemplate};
use countersign_core::webhook::{Webhook, WebhookSecret};
use uuid::Uuid;

use crate::store::Store;
use crate::tables::Tables;
use crate::{
    approval_rule, audit, catalog, check, checkpoint, child_count, commit, directory, due, event, export, feed, grant,
    idempotency, import, inbox, lease, list, profile, readiness, request, template, user, webhook,
};

/// The port in memory: a handle on a [`Store`].
#[derive(Clone, Debug, Default)]
pub struct MemoryRepository {
    store: Store,
}

impl MemoryRepository {
    /// A handle on a store, as another process would have one on a database.
    #[must_use]
    pub fn on(store: &Store) -> Self {
        Self { store: store.clone() }
    }
}

/// A copy of what was found.
fn owned<T: Clone>(found: Option<Arc<T>>) -> Option<T> {
    found.map(Arc::unwrap_or_clone)
}

fn request_by(tables: &Tables, id: Option<RequestId>) -> Result<Option<StoredRequest>> {
    id.map_or(Ok(None), |id| tables.derived.stored(id))
}

#[async_trait]
impl Repository for MemoryRepository {
    async fn migrate(&self) -> Result<Vec<String>> {
        Ok(self.store.migrate().await)
    }

    async fn ready(&self) -> Result<()> {
        self.store.edit(readiness::ready).await
    }

    async fn identity(&self, login: &str, now: Timestamp) -> Result<Option<Identity>> {
        self.store.read(|tables| directory::identity(tables, login, now)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.store.read(|tables| Ok(owned(tables.users.get(id.as_uuid())?))).await
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>> {
        self.store.read(|tables| Ok(owned(tables.users.by_key(&Key::Login(login.folded()))?))).await
    }

    async fn users_by_number(&self, numbers: &[UserNumber]) -> Result<Vec<User>> {
        self.store.read(|tables| user::by_number(tables, numbers)).await
    }

    async fn group_by_name(&self, name: &str) -> Result<Option<Group>> {
        self.store.read(|tables| Ok(owned(tables.groups.by_key(&Key::GroupName(name.to_lowercase()))?))).await
    }

    async fn administrators(&self, _: Option<DirectoryVersion>) -> Result<Option<GroupId>> {
        self.store.view(directory::administrators).await
    }

    async fn voters(&self, principals: &[PrincipalId], excluding: &[UserId], limit: usize) -> Result<Vec<UserId>> {
        self.store.read(|tables| directory::voters(tables, principals, excluding, limit)).await
    }

    async fn belongs(&self, user: UserId, principals: &[PrincipalId]) -> Result<bool> {
        self.store.view(|tables| directory::belongs(tables, user, principals)).await
    }

    async fn principal_names(
        &self,
        ids: &[PrincipalId],
        _: Option<DirectoryVersion>,
    ) -> Result<Vec<(PrincipalId, PrincipalName)>> {
        self.store.read(|tables| directory::principal_names(tables, ids)).await
    }

    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>> {
        self.store.read(|tables| directory::rights_over(tables, holders, subject)).await
    }

    async fn templates(&self, ids: &[TemplateId], _: Option<DirectoryVersion>) -> Result<Vec<ProfileTemplate>> {
        self.store.read(|tables| template::by_ids(tables, ids)).await
    }

    async fn template_page(&self, after: Option<TemplateId>, limit: usize) -> Result<Vec<ProfileTemplate>> {
        self.store.read(|tables| template::page(tables, after, limit)).await
    }

    async fn catalog_item(&self, entity_type: EntityType, key: &EntityKey) -> Result<Option<CatalogItem>> {
        let key = Key::Entity(entity_type, key.clone());
        self.store.read(|tables| Ok(owned(tables.catalog_items.by_key(&key)?))).await
    }

    async fn catalog_page(&self, after: Option<CatalogNumber>, limit: usize) -> Result<Vec<CatalogItem>> {
        self.store.read(|tables| catalog::page(tables, after, limit)).await
    }

    async fn approval_rules(&self) -> Result<Vec<ApprovalRule>> {
        self.store.read(approval_rule::all).await
    }

    async fn request_rules(&self) -> Result<Vec<RequestRule>> {
        self.store.read(|tables| tables.request_rules.all().map(|rule| rule.map(Arc::unwrap_or_clone)).collect()).await
    }

    async fn grants_of(
        &self,
        user: UserId,
        entity_type: Option<EntityType>,
        key: Option<&EntityKey>,
    ) -> Result<Vec<Grant>> {
        self.store.read(|tables| grant::grants_of(tables, user, entity_type, key)).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>> {
        self.store.read(|tables| Ok(owned(tables.grants.get(id.as_uuid())?))).await
    }

    async fn grant_by_number(&self, number: GrantNumber) -> Result<Option<Grant>> {
        self.store.read(|tables| Ok(owned(tables.grants.by_key(&Key::GrantNumber(number))?))).await
    }

    async fn smartcard(&self, id: SmartcardId) -> Result<Option<Smartcard>> {
        self.store.read(|tables| Ok(owned(tables.smartcards.get(id.as_uuid())?))).await
    }

    async fn profile_of_card(&self, card: SmartcardId) -> Result<Option<Profile>> {
        self.store.read(|tables| Ok(owned(profile::of_card(tables, card)?))).await
    }

    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        self.store.read(|tables| Ok(owned(tables.profiles.get(id.as_uuid())?))).await
    }

    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>> {
        self.store.read(|tables| profile::profiles_of(tables, user, status)).await
    }

    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>> {
        self.store.read(|tables| profile::open_operations(tables, profiles)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.store.read(|tables| tables.derived.stored(id)).await
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        let by_number = |tables: &Tables| tables.requests.holder(&Key::RequestNumber(number)).map(RequestId::from);
        self.store.read(|tables| request_by(tables, by_number(tables))).await
    }

    async fn children(&self, parent: RequestId) -> Result<Vec<ChildSummary>> {
        self.store.read(|tables| request::children(tables, parent)).await
    }

    async fn child_counts(&self, parent: RequestId) -> Result<ChildCounts> {
        self.store.view(|tables| child_count::of_parent(&tables.derived.child_counts, parent)).await
    }

    async fn dependents(&self, request: RequestId) -> Result<Vec<RequestId>> {
        self.store.view(|tables| request::dependents(tables, request)).await
    }

    async fn request_of_task(&self, task: TaskId) -> Result<Option<StoredRequest>> {
        self.store.read(|tables| request_by(tables, inbox::request_of(tables, task))).await
    }

    async fn requests(
        &self,
        list: &RequestList,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
        let list = list.clone();
        self.store.scan(move |tables| list::page(tables, &list, start, limit)).await
    }

    async fn count_requests(&self, list: &RequestList) -> Result<u64> {
        let list = list.clone();
        self.store.scan(move |tables| list::count(tables, &list)).await
    }

    async fn inbox(
        &self,
        inbox: &Inbox,
        start: Start<TaskCursor>,
        limit: usize,
    ) -> Result<Page<InboxItem, TaskCursor>> {
        let inbox = inbox.clone();
        self.store.scan(move |tables| inbox::page(tables, &inbox, start, limit)).await
    }

    async fn count_inbox(&self, inbox: &Inbox) -> Result<u64> {
        let inbox = inbox.clone();
        self.store.scan(move |tables| inbox::count(tables, &inbox)).await
    }

    async fn earlier(
        &self,
        caller: UserId,
        operation: &str,
        key: &str,
        element: i32,
    ) -> Result<Option<([u8; 32], Vec<u8>)>> {
        self.store.view(|tables| idempotency::earlier(&tables.idempotency, caller, operation, key, element)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
        self.store.scan(move |tables| due::due(tables, now, limit)).await
    }

    async fn lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool> {
        self.store.edit(|tables| lease::take(&mut tables.leases, name, holder, now, until)).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64> {
        self.store.edit(|tables| idempotency::forget(&mut tables.idempotency, before)).await
    }

    async fn event_feed(&self, position: i64, limit: usize) -> Result<Vec<PlacedEvent>> {
        self.store.view(|tables| feed::page(tables, position, limit)).await
    }

    async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>> {
        self.store.read(webhook::all).await
    }

    async fn webhook_secret(&self, webhook: WebhookId) -> Result<Option<WebhookSecret>> {
        self.store.view(|tables| tables.webhook_secrets.get(&webhook).cloned()).await
    }

    async fn note_delivery(&self, delivery: &Delivery, read: i64) -> Result<bool> {
        self.store.edit(|tables| webhook::note_delivery(tables, delivery, read)).await
    }

    async fn events(&self, stream: StreamId, after: i64, limit: usize) -> Result<Vec<StoredEvent>> {
        self.store.view(|tables| event::of_stream(&tables.events, stream, after, limit)).await
    }

    async fn allocate_numbers(&self, space: NumberSpace, count: u32) -> Result<i64> {
        self.store.edit(|tables| tables.numbers.allocate(space, count)).await
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        self.store.write(|tables| commit::apply(tables, &change)).await
    }

    async fn import(
        &self,
        mut source: Box<dyn RecordSource>,
        mut context: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError> {
        let work = move |tables: &mut Tables| {
            let (imported, report) = import::run(tables, &mut *source, &mut context)?;
            *tables = imported;
            Ok(report)
        };
        self.store.bulk(work).await?
    }

    async fn export(
        &self,
        options: ExportOptions,
        sink: Box<dyn RecordSink>,
        progress: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
        self.store.copied(move |tables| export::run(tables, options, sink, &progress)).await?
    }

    async fn check(&self, repair: bool, progress: Arc<dyn Progress>) -> Result<CheckReport> {
        if repair {
            return self.store.bulk(move |tables| check::repair(tables, &progress)).await?;
        }
        self.store.copied(move |tables| check::compare(tables, &progress)).await?
    }

    async fn audit(&self, trust: Trust, progress: Arc<dyn Progress>) -> Result<AuditReport> {
        self.store.copied(move |tables| audit::run(tables, trust, &progress)).await?
    }

    async fn uncovered(&self, limit: usize) -> Result<Span> {
        self.store.view(|tables| checkpoint::uncovered(tables, limit)).await
    }

    async fn keep_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool> {
        self.store.edit(|tables| checkpoint::keep(tables, checkpoint)).await
    }

    async fn checkpoint(&self, after: i64) -> Result<Option<Checkpoint>> {
        self.store.view(|tables| checkpoint::after(tables, after).cloned()).await
    }
}
