//! The port: each method says on which connection its work is done, and how.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::audit::{AuditReport, Checkpoint, Span, Trust};
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::catalog::{CatalogItem, EntityKey, EntityType};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Group, Login, MimRight, PrincipalName, User};
use countersign_core::error::RepositoryError;
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
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::{
    SqliteRepository, approval_rule, audit, catalog, check, checkpoint, child_count, connection, derived, directory,
    due, error, event, export, feed, grant, group, idempotency, import, inbox, lease, list, migration, number, profile,
    request, request_rule, template, user, webhook,
};

#[async_trait]
impl Repository for SqliteRepository {
    async fn migrate(&self) -> Result<Vec<String>> {
        self.writer.exclusive(migration::migrate).await?
    }

    async fn ready(&self) -> Result<()> {
        // A deleted file can be written to as long as it is open: nobody would miss it.
        if !self.path.exists() {
            return Err(RepositoryError::Unavailable(format!("{} is not there any more", self.path.display())));
        }
        self.writer.exclusive(migration::ready).await?
    }

    async fn identity(&self, login: &str, now: Timestamp) -> Result<Option<Identity>> {
        self.inline(|connection| directory::identity(connection, login, now))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.inline(|connection| User::load(connection, id.as_uuid()))
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>> {
        self.inline(|connection| user::by_login(connection, login))
    }

    async fn users_by_number(&self, numbers: &[UserNumber]) -> Result<Vec<User>> {
        self.inline(|connection| user::by_number(connection, numbers))
    }

    async fn group_by_name(&self, name: &str) -> Result<Option<Group>> {
        let name = name.to_owned();
        self.long(move |connection| group::by_name(connection, &name)).await
    }

    async fn administrators(&self) -> Result<Option<GroupId>> {
        self.statement(directory::administrators)
    }

    async fn voters(&self, principals: &[PrincipalId], excluding: &[UserId], limit: usize) -> Result<Vec<UserId>> {
        let (principals, excluding) = (principals.to_vec(), excluding.to_vec());
        self.long(move |connection| directory::voters(connection, &principals, &excluding, limit)).await
    }

    async fn belongs(&self, user: UserId, principals: &[PrincipalId]) -> Result<bool> {
        self.statement(|connection| directory::belongs(connection, user, principals))
    }

    async fn principal_names(&self, ids: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>> {
        self.inline(|connection| directory::principal_names(connection, ids))
    }

    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>> {
        self.statement(|connection| directory::rights_over(connection, holders, subject))
    }

    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>> {
        self.inline(|connection| template::by_ids(connection, ids))
    }

    async fn template_page(&self, after: Option<TemplateId>, limit: usize) -> Result<Vec<ProfileTemplate>> {
        self.long(move |connection| template::page(connection, after, limit)).await
    }

    async fn catalog_item(&self, entity_type: EntityType, key: &EntityKey) -> Result<Option<CatalogItem>> {
        self.inline(|connection| catalog::by_entity(connection, entity_type, key))
    }

    async fn catalog_page(&self, after: Option<CatalogNumber>, limit: usize) -> Result<Vec<CatalogItem>> {
        self.long(move |connection| catalog::page(connection, after, limit)).await
    }

    async fn approval_rules(&self) -> Result<Vec<ApprovalRule>> {
        self.long(approval_rule::all).await
    }

    async fn request_rules(&self) -> Result<Vec<RequestRule>> {
        self.long(request_rule::all).await
    }

    async fn grants_of(
        &self,
        user: UserId,
        entity_type: Option<EntityType>,
        key: Option<&EntityKey>,
    ) -> Result<Vec<Grant>> {
        let key = key.cloned();
        self.long(move |connection| grant::grants_of(connection, user, entity_type, key.as_ref())).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>> {
        self.statement(|connection| Grant::load(connection, id.as_uuid()))
    }

    async fn grant_by_number(&self, number: GrantNumber) -> Result<Option<Grant>> {
        self.inline(|connection| grant::by_number(connection, number))
    }

    async fn smartcard(&self, id: SmartcardId) -> Result<Option<Smartcard>> {
        self.statement(|connection| Smartcard::load(connection, id.as_uuid()))
    }

    async fn profile_of_card(&self, card: SmartcardId) -> Result<Option<Profile>> {
        self.inline(|connection| profile::of_card(connection, card))
    }

    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        self.statement(|connection| Profile::load(connection, id.as_uuid()))
    }

    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>> {
        self.long(move |connection| profile::profiles_of(connection, user, status)).await
    }

    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>> {
        self.inline(|connection| profile::open_operations(connection, profiles))
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.statement(|connection| derived::by_id(connection, id))
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        self.statement(|connection| derived::by_number(connection, number.get()))
    }

    async fn children(&self, parent: RequestId) -> Result<Vec<ChildSummary>> {
        self.long(move |connection| request::children(connection, parent)).await
    }

    async fn child_counts(&self, parent: RequestId) -> Result<ChildCounts> {
        self.statement(|connection| child_count::of_parent(connection, parent))
    }

    async fn dependents(&self, request: RequestId) -> Result<Vec<RequestId>> {
        self.long(move |connection| request::dependents(connection, request)).await
    }

    async fn request_of_task(&self, task: TaskId) -> Result<Option<StoredRequest>> {
        self.statement(|connection| derived::by_task(connection, task))
    }

    async fn requests(
        &self,
        list: &RequestList,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
        let list = list.clone();
        self.long(move |connection| list::page(connection, &list, start, limit)).await
    }

    async fn count_requests(&self, list: &RequestList) -> Result<u64> {
        let list = list.clone();
        self.long(move |connection| list::count(connection, &list)).await
    }

    async fn inbox(
        &self,
        inbox: &Inbox,
        start: Start<TaskCursor>,
        limit: usize,
    ) -> Result<Page<InboxItem, TaskCursor>> {
        let inbox = inbox.clone();
        self.long(move |connection| inbox::page(connection, &inbox, start, limit)).await
    }

    async fn count_inbox(&self, inbox: &Inbox) -> Result<u64> {
        let inbox = inbox.clone();
        self.long(move |connection| inbox::count(connection, &inbox)).await
    }

    async fn earlier(
        &self,
        caller: UserId,
        operation: &str,
        key: &str,
        element: i32,
    ) -> Result<Option<([u8; 32], Vec<u8>)>> {
        self.statement(|connection| idempotency::earlier(connection, caller, operation, key, element))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
        self.long(move |connection| due::due(connection, now, limit)).await
    }

    async fn lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool> {
        let name = name.to_owned();
        self.write(move |connection| lease::take(connection, &name, holder, now, until)).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64> {
        self.write(move |connection| idempotency::forget(connection, before)).await
    }

    async fn event_feed(&self, position: i64, limit: usize) -> Result<Vec<PlacedEvent>> {
        self.long(move |connection| feed::page(connection, position, limit)).await
    }

    async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>> {
        self.long(webhook::all).await
    }

    async fn webhook_secret(&self, webhook: WebhookId) -> Result<Option<WebhookSecret>> {
        let stored = self.statement(|connection| webhook::load_secret(connection, webhook))?;
        Ok(stored.map(|credential| credential.secret))
    }

    async fn note_delivery(&self, delivery: &Delivery, read: i64) -> Result<bool> {
        let delivery = delivery.clone();
        self.write(move |connection| webhook::note_delivery(connection, &delivery, read)).await
    }

    async fn events(&self, stream: StreamId, after: i64, limit: usize) -> Result<Vec<StoredEvent>> {
        self.long(move |connection| event::of_stream(connection, stream, after, limit)).await
    }

    async fn allocate_numbers(&self, space: NumberSpace, count: u32) -> Result<i64> {
        let work = move |connection: &mut SqliteConnection| number::allocate(connection, space, count);
        Ok(self.writer.exclusive(work).await??)
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        self.writer.commit(change).await
    }

    async fn import(
        &self,
        mut source: Box<dyn RecordSource>,
        mut context: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError> {
        self.writer.exclusive(move |connection| import::run(connection, &mut *source, &mut context)).await?
    }

    async fn export(
        &self,
        options: ExportOptions,
        mut sink: Box<dyn RecordSink>,
        progress: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
        self.scan(move |connection| {
            export::run(connection, options, &mut *sink, &progress)?;
            Ok(sink)
        })
        .await?
    }

    /// Moves what stands in the write-ahead log into the database file.
    async fn close(&self) -> Result<()> {
        let work = |connection: &mut SqliteConnection| {
            connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(error::translate)
        };
        self.writer.exclusive(work).await?
    }

    async fn check(&self, repair: bool, progress: Arc<dyn Progress>) -> Result<CheckReport> {
        if repair {
            let work = move |connection: &mut SqliteConnection| {
                connection::write(connection, |connection| check::run(connection, true, &progress))
            };
            return self.writer.exclusive(work).await?;
        }
        self.long(move |connection| check::run(connection, false, &progress)).await
    }

    async fn audit(&self, trust: Trust, progress: Arc<dyn Progress>) -> Result<AuditReport> {
        self.long(move |connection| audit::run(connection, trust, &progress)).await
    }

    async fn uncovered(&self, limit: usize) -> Result<Span> {
        self.long(move |connection| checkpoint::uncovered(connection, limit)).await
    }

    async fn keep_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool> {
        self.write(move |connection| checkpoint::keep(connection, &checkpoint)).await
    }

    async fn checkpoint(&self, after: i64) -> Result<Option<Checkpoint>> {
        self.long(move |connection| checkpoint::after(connection, after)).await
    }
}
