//! The port over an engine: each method says what kind of work it is, and which statements do it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use countersign_core::audit::{AuditReport, Checkpoint, Span, Trust};
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::catalog::{CatalogItem, EntityKey, EntityType};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{DirectoryVersion, Group, Login, MimRight, PrincipalName, User};
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
use countersign_core::request::{ChildSummary, RequestKey};
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::{CertificateOperation, ProfileTemplate};
use countersign_core::webhook::{Webhook, WebhookSecret};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::engine::{Engine, SqlRepository};
use crate::identity::Recognised;
use crate::import::Stop;
use crate::session::Session;
use crate::{
    approval_rule, audit, catalog, check, checkpoint, child_count, derived, directory, due, event, export, feed, grant,
    group, idempotency, import, inbox, lease, list, number, profile, request, request_rule, template, user, webhook,
};

#[async_trait]
impl<E: Engine> Repository for SqlRepository<E> {
    async fn migrate(&self) -> Result<Vec<String>> {
        self.0.migrate().await
    }

    async fn ready(&self) -> Result<()> {
        self.0.ready().await
    }

    async fn identity(&self, login: &str, now: Timestamp) -> Result<Option<Identity>> {
        let login = login.to_lowercase();
        let remembered = self.1.identities.remembered(&login, now);
        let version = remembered.as_ref().map(|known| known.version());
        match (self.0.identity(login.clone(), now, version).await?, remembered) {
            (Recognised::AsRemembered, Some(known)) => Ok(Some(known.identity.clone())),
            (Recognised::AsRemembered, None) => Err(RepositoryError::Internal("nobody is remembered".to_owned())),
            (Recognised::Anew(None), _) => Ok(None),
            (Recognised::Anew(Some(known)), _) => {
                let identity = known.identity.clone();
                self.1.identities.remember(login, *known);
                Ok(Some(identity))
            }
        }
    }

    async fn identity_and_request(
        &self,
        login: &str,
        now: Timestamp,
        key: RequestKey,
    ) -> Result<(Option<Identity>, Result<Option<StoredRequest>>)> {
        let Some(known) = self.1.identities.remembered(&login.to_lowercase(), now) else {
            return Ok((self.identity(login, now).await?, self.request_by(key).await));
        };
        let (version, found) = match self.0.request_as_of(key).await {
            Ok((version, found)) => (version, Ok(found)),
            Err(RepositoryError::Unavailable(reason)) => return Err(RepositoryError::Unavailable(reason)),
            Err(error) => (None, Err(error)),
        };
        if version == Some(known.version()) {
            return Ok((Some(known.identity.clone()), found));
        }
        Ok((self.identity(login, now).await?, found))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.0.few(move |connection| User::load(connection, id.as_uuid())).await
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>> {
        let login = login.clone();
        self.0.few(move |connection| user::by_login(connection, &login)).await
    }

    async fn users_by_number(&self, numbers: &[UserNumber]) -> Result<Vec<User>> {
        let numbers = numbers.to_vec();
        self.0.few(move |connection| user::by_number(connection, &numbers)).await
    }

    async fn group_by_name(&self, name: &str) -> Result<Option<Group>> {
        let name = name.to_owned();
        self.0.long(move |connection| group::by_name(connection, &name)).await
    }

    async fn administrators(&self, since: Option<DirectoryVersion>) -> Result<Option<GroupId>> {
        let read = |_| async {
            let found = self.0.one(directory::administrators).await?;
            Ok(found.map(|group| ((), group)).into_iter().collect())
        };
        let found = self.1.administrators.find(&[()], since, read).await?;
        Ok(found.first().map(|(_, group)| **group))
    }

    async fn voters(&self, principals: &[PrincipalId], excluding: &[UserId], limit: usize) -> Result<Vec<UserId>> {
        let (principals, excluding) = (principals.to_vec(), excluding.to_vec());
        self.0.long(move |connection| directory::voters(connection, &principals, &excluding, limit)).await
    }

    async fn belongs(&self, user: UserId, principals: &[PrincipalId]) -> Result<bool> {
        let principals = principals.to_vec();
        self.0.one(move |connection| directory::belongs(connection, user, &principals)).await
    }

    async fn principal_names(
        &self,
        ids: &[PrincipalId],
        since: Option<DirectoryVersion>,
    ) -> Result<Vec<(PrincipalId, PrincipalName)>> {
        let read = |ids: Vec<_>| self.0.one(move |connection| directory::principal_names(connection, &ids));
        let found = self.1.names.find(ids, since, read).await?;
        Ok(found.into_iter().map(|(id, name)| (id, Arc::unwrap_or_clone(name))).collect())
    }

    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>> {
        let holders = holders.to_vec();
        self.0.one(move |connection| directory::rights_over(connection, &holders, subject)).await
    }

    async fn templates(&self, ids: &[TemplateId], since: Option<DirectoryVersion>) -> Result<Vec<ProfileTemplate>> {
        let read = |ids: Vec<_>| async {
            let found = self.0.few(move |connection| template::by_ids(connection, &ids)).await?;
            Ok(found.into_iter().map(|template| (template.id, template)).collect())
        };
        let found = self.1.templates.find(ids, since, read).await?;
        Ok(found.into_iter().map(|(_, template)| Arc::unwrap_or_clone(template)).collect())
    }

    async fn template_page(&self, after: Option<TemplateId>, limit: usize) -> Result<Vec<ProfileTemplate>> {
        self.0.long(move |connection| template::page(connection, after, limit)).await
    }

    async fn catalog_item(&self, entity_type: EntityType, key: &EntityKey) -> Result<Option<CatalogItem>> {
        let key = key.clone();
        self.0.few(move |connection| catalog::by_entity(connection, entity_type, &key)).await
    }

    async fn catalog_page(&self, after: Option<CatalogNumber>, limit: usize) -> Result<Vec<CatalogItem>> {
        self.0.long(move |connection| catalog::page(connection, after, limit)).await
    }

    async fn approval_rules(&self) -> Result<Vec<ApprovalRule>> {
        self.0.long(approval_rule::all).await
    }

    async fn request_rules(&self) -> Result<Vec<RequestRule>> {
        self.0.long(request_rule::all).await
    }

    async fn grants_of(
        &self,
        user: UserId,
        entity_type: Option<EntityType>,
        key: Option<&EntityKey>,
    ) -> Result<Vec<Grant>> {
        let key = key.cloned();
        self.0.long(move |connection| grant::grants_of(connection, user, entity_type, key.as_ref())).await
    }

    async fn grant(&self, id: GrantId) -> Result<Option<Grant>> {
        self.0.one(move |connection| Grant::load(connection, id.as_uuid())).await
    }

    async fn grant_by_number(&self, number: GrantNumber) -> Result<Option<Grant>> {
        self.0.few(move |connection| grant::by_number(connection, number)).await
    }

    async fn smartcard(&self, id: SmartcardId) -> Result<Option<Smartcard>> {
        self.0.one(move |connection| Smartcard::load(connection, id.as_uuid())).await
    }

    async fn profile_of_card(&self, card: SmartcardId) -> Result<Option<Profile>> {
        self.0.few(move |connection| profile::of_card(connection, card)).await
    }

    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        self.0.one(move |connection| Profile::load(connection, id.as_uuid())).await
    }

    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>> {
        self.0.long(move |connection| profile::profiles_of(connection, user, status)).await
    }

    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>> {
        let profiles = profiles.to_vec();
        self.0.few(move |connection| profile::open_operations(connection, &profiles)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.0.request(id).await
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        self.0.request_by_number(number).await
    }

    async fn children(&self, parent: RequestId) -> Result<Vec<ChildSummary>> {
        self.0.long(move |connection| request::children(connection, parent)).await
    }

    async fn child_counts(&self, parent: RequestId) -> Result<ChildCounts> {
        self.0.one(move |connection| child_count::of_parent(connection, parent)).await
    }

    async fn dependents(&self, request: RequestId) -> Result<Vec<RequestId>> {
        self.0.long(move |connection| request::dependents(connection, request)).await
    }

    async fn request_of_task(&self, task: TaskId) -> Result<Option<StoredRequest>> {
        self.0.one(move |connection| derived::by_task(connection, task)).await
    }

    async fn requests(
        &self,
        list: &RequestList,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
        let list = list.clone();
        self.0.list(list.reader, move |connection| list::page(connection, &list, start, limit)).await
    }

    async fn count_requests(&self, list: &RequestList) -> Result<u64> {
        let list = list.clone();
        self.0.list(list.reader, move |connection| list::count(connection, &list)).await
    }

    async fn inbox(
        &self,
        inbox: &Inbox,
        start: Start<TaskCursor>,
        limit: usize,
    ) -> Result<Page<InboxItem, TaskCursor>> {
        let inbox = inbox.clone();
        self.0.long(move |connection| inbox::page(connection, &inbox, start, limit)).await
    }

    async fn count_inbox(&self, inbox: &Inbox) -> Result<u64> {
        let inbox = inbox.clone();
        self.0.long(move |connection| inbox::count(connection, &inbox)).await
    }

    async fn earlier(
        &self,
        caller: UserId,
        operation: &str,
        key: &str,
        element: i32,
    ) -> Result<Option<([u8; 32], Vec<u8>)>> {
        let (operation, key) = (operation.to_owned(), key.to_owned());
        self.0.one(move |connection| idempotency::earlier(connection, caller, &operation, &key, element)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
        self.0.long(move |connection| due::due(connection, now, limit)).await
    }

    async fn lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool> {
        let name = name.to_owned();
        self.0.write(move |connection| lease::take(connection, &name, holder, now, until)).await
    }

    async fn forget_keys(&self, before: Timestamp) -> Result<u64> {
        self.0.write(move |connection| idempotency::forget(connection, before)).await
    }

    async fn event_feed(&self, position: i64, limit: usize) -> Result<Vec<PlacedEvent>> {
        self.0.long(move |connection| feed::page(connection, position, limit)).await
    }

    async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>> {
        self.0.long(webhook::all).await
    }

    async fn webhook_secret(&self, webhook: WebhookId) -> Result<Option<WebhookSecret>> {
        let stored = self.0.one(move |connection| webhook::load_secret(connection, webhook)).await?;
        Ok(stored.map(|credential| credential.secret))
    }

    async fn note_delivery(&self, delivery: &Delivery, read: i64) -> Result<bool> {
        let delivery = delivery.clone();
        self.0.write(move |connection| webhook::note_delivery(connection, &delivery, read)).await
    }

    async fn events(&self, stream: StreamId, after: i64, limit: usize) -> Result<Vec<StoredEvent>> {
        self.0.long(move |connection| event::of_stream(connection, stream, after, limit)).await
    }

    async fn allocate_numbers(&self, space: NumberSpace, count: u32) -> Result<i64> {
        self.0.write(move |connection| number::allocate(connection, space, count)).await
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        self.0.commit(change).await
    }

    async fn import(
        &self,
        mut source: Box<dyn RecordSource>,
        mut context: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError> {
        let refused = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&refused);
        let work = move |connection: &mut dyn Session| {
            import::run(connection, &mut *source, &mut context).map_err(|stop| match stop {
                Stop::Failure(failure) => failure,
                Stop::Import(error) => {
                    *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    RepositoryError::Internal("the import was refused".to_owned()).into()
                }
            })
        };
        let done = self.0.bulk(work).await;
        done.map_err(|error| {
            let refusal = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
            refusal.unwrap_or(ImportError::Repository(error))
        })
    }

    async fn export(
        &self,
        options: ExportOptions,
        sink: Box<dyn RecordSink>,
        progress: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
        let work = move |connection: &mut dyn Session| Ok(export::run(connection, options, sink, &progress));
        self.0.whole(work).await?
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }

    async fn check(&self, repair: bool, progress: Arc<dyn Progress>) -> Result<CheckReport> {
        if repair {
            return self.0.bulk(move |connection| check::run(connection, true, &progress)).await;
        }
        self.0.whole(move |connection| check::run(connection, false, &progress)).await
    }

    async fn audit(&self, trust: Trust, progress: Arc<dyn Progress>) -> Result<AuditReport> {
        self.0.whole(move |connection| audit::run(connection, trust, &progress)).await
    }

    async fn uncovered(&self, limit: usize) -> Result<Span> {
        self.0.long(move |connection| checkpoint::uncovered(connection, limit)).await
    }

    async fn keep_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool> {
        self.0.write(move |connection| checkpoint::keep(connection, &checkpoint)).await
    }

    async fn checkpoint(&self, after: i64) -> Result<Option<Checkpoint>> {
        self.0.long(move |connection| checkpoint::after(connection, after)).await
    }
}
