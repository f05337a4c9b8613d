//! A repository in memory for the tests of this crate: one user, `requester`, whose password is
//! `demo`, and requests that the test made.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_core::audit::{AuditReport, Checkpoint, Span, Trust};
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::catalog::{CatalogItem, EntityKey, EntityType};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Caller, DirectoryVersion, Group, Login, MimRight, PrincipalName, User, UserStatus};
use countersign_core::document::Document;
use countersign_core::error::RepositoryError;
use countersign_core::event::{Channel, StoredEvent, StreamId};
use countersign_core::grant::Grant;
use countersign_core::ids::{
    CatalogNumber, GrantId, GrantNumber, GroupId, PrincipalId, ProfileId, RequestId, RequestNumber, Revision,
    SmartcardId, TaskId, TemplateId, UserId, UserNumber, WebhookId,
};
use countersign_core::profile::{Profile, ProfileStatus, Smartcard};
use countersign_core::repository::{
    Change, CheckReport, ChildCounts, CommitOutcome, Delivery, Due, ExportError, ExportOptions, Identity,
    ImportContext, Inbox, InboxItem, NumberSpace, Page, PlacedEvent, Progress, RecordSink, Repository, RequestCursor,
    RequestList, Result, Start, StoredRequest, TaskCursor,
};
use countersign_core::request::{ApprovedBy, CertificateRequest, ChildSummary, Request, RequestDetails, RequestState};
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::{CertificateOperation, ProfileTemplate};
use countersign_core::webhook::{Webhook, WebhookSecret};
use secrecy::SecretString;
use uuid::Uuid;

use crate::auth::hash_password;

/// `requester:demo`, ready for an `Authorization` header.
pub(crate) const BASIC: &str = "Basic cmVxdWVzdGVyOmRlbW8=";

/// The repository.
pub(crate) struct Memory {
    /// Newest first.
    pub(crate) requests: Vec<Request>,
    /// After how many requests a list fails.
    pub(crate) broken_after: usize,
    /// After how many requests a list is lost for a moment: once for each page.
    pub(crate) lost_after: Mutex<Vec<usize>>,
}

impl Memory {
    /// A repository of these requests.
    pub(crate) fn of(requests: Vec<Request>) -> Self {
        Self { requests, broken_after: usize::MAX, lost_after: Mutex::default() }
    }

    fn stored(&self, wanted: impl Fn(&Request) -> bool) -> Result<Option<StoredRequest>> {
        self.requests.iter().find(|request| wanted(request)).map(stored).transpose()
    }
}

/// The user who can log in.
pub(crate) fn requester() -> UserId {
    Uuid::from_u128(1).into()
}

/// A certificate request of `requester`; a larger `n` is newer.
pub(crate) fn certificate_request(n: u32) -> Request {
    let details = CertificateRequest {
        operation: CertificateOperation::Enroll,
        template: Uuid::from_u128(9).into(),
        smartcard: true,
        agent_required: false,
        target: requester(),
        priority: 0,
        comment: String::new(),
        data_items: Vec::new(),
        old_profile: None,
        new_profile: None,
        old_smartcard: None,
        new_smartcard: None,
        agents: Vec::new(),
        auditors: Vec::new(),
        security_descriptor: None,
    };
    Request {
        id: Uuid::from_u128(0xa000_0000 + u128::from(n)).into(),
        number: i64::from(n + 1).try_into().unwrap(),
        state: RequestState::Approved { by: ApprovedBy::Automatic },
        details: RequestDetails::Certificate(details),
        originator: requester(),
        created: Timestamp::from_micros(i64::from(n) * 1_000_000).unwrap(),
        modified: None,
        channel: Channel::Mim,
        justification: None,
        parent: None,
        has_children: false,
        depends_on: None,
        failure: None,
        stages: Vec::new(),
        revision: Revision::FIRST,
        content_revision: 1,
    }
}

fn stored(request: &Request) -> Result<StoredRequest> {
    Ok(StoredRequest { id: request.id, revision: request.revision, document: Document::of(request, None)? })
}

fn not_needed<T>() -> Result<T> {
    Err(RepositoryError::Internal("/var/lib/secret.db: not needed by the tests".to_owned()))
}

#[async_trait]
impl Repository for Memory {
    async fn migrate(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }

    async fn identity(&self, login: &str, _: Timestamp) -> Result<Option<Identity>> {
        if !login.eq_ignore_ascii_case("requester") {
            return Ok(None);
        }
        let password = hash_password(&SecretString::from("demo")).unwrap();
        let caller = Caller {
            user: requester(),
            number: 1.try_into().unwrap(),
            login: "requester".to_owned().try_into().unwrap(),
            principals: vec![requester().into()],
            represents: Vec::new(),
            directory: DirectoryVersion::default(),
        };
        Ok(Some(Identity { caller, status: UserStatus::Active, password: Some(password) }))
    }

    async fn user(&self, _: UserId) -> Result<Option<User>> {
        Ok(None)
    }

    async fn user_by_login(&self, _: &Login) -> Result<Option<User>> {
        Ok(None)
    }

    async fn users_by_number(&self, _: &[UserNumber]) -> Result<Vec<User>> {
        not_needed()
    }

    async fn group_by_name(&self, _: &str) -> Result<Option<Group>> {
        not_needed()
    }

    async fn administrators(&self, _: Option<DirectoryVersion>) -> Result<Option<GroupId>> {
        not_needed()
    }

    async fn voters(&self, _: &[PrincipalId], _: &[UserId], _: usize) -> Result<Vec<UserId>> {
        not_needed()
    }

    async fn belongs(&self, _: UserId, _: &[PrincipalId]) -> Result<bool> {
        not_needed()
    }

    async fn principal_names(
        &self,
        _: &[PrincipalId],
        _: Option<DirectoryVersion>,
    ) -> Result<Vec<(PrincipalId, PrincipalName)>> {
        let name = PrincipalName::User {
            number: 1.try_into().unwrap(),
            login: "requester".to_owned().try_into().unwrap(),
            display_name: "Requester".to_owned(),
            manager: None,
            stand_in: None,
        };
        Ok(vec![(requester().into(), name)])
    }

    async fn rights_over(&self, _: &[PrincipalId], _: UserId) -> Result<Vec<MimRight>> {
        Ok(Vec::new())
    }

    async fn templates(&self, _: &[TemplateId], _: Option<DirectoryVersion>) -> Result<Vec<ProfileTemplate>> {
        Ok(Vec::new())
    }

    async fn template_page(&self, _: Option<TemplateId>, _: usize) -> Result<Vec<ProfileTemplate>> {
        not_needed()
    }

    async fn catalog_item(&self, _: EntityType, _: &EntityKey) -> Result<Option<CatalogItem>> {
        not_needed()
    }

    async fn catalog_page(&self, _: Option<CatalogNumber>, _: usize) -> Result<Vec<CatalogItem>> {
        not_needed()
    }

    async fn approval_rules(&self) -> Result<Vec<ApprovalRule>> {
        not_needed()
    }

    async fn request_rules(&self) -> Result<Vec<RequestRule>> {
        not_needed()
    }

    async fn grants_of(&self, _: UserId, _: Option<EntityType>, _: Option<&EntityKey>) -> Result<Vec<Grant>> {
        not_needed()
    }

    async fn grant(&self, _: GrantId) -> Result<Option<Grant>> {
        not_needed()
    }

    async fn grant_by_number(&self, _: GrantNumber) -> Result<Option<Grant>> {
        not_needed()
    }

    async fn smartcard(&self, _: SmartcardId) -> Result<Option<Smartcard>> {
        not_needed()
    }

    async fn profile_of_card(&self, _: SmartcardId) -> Result<Option<Profile>> {
        not_needed()
    }

    async fn profile(&self, _: ProfileId) -> Result<Option<Profile>> {
        Ok(None)
    }

    /// Fails, so that there is an operation that does.
    async fn profiles_of(&self, _: UserId, _: Option<ProfileStatus>) -> Result<Vec<Profile>> {
        not_needed()
    }

    async fn open_operations(&self, _: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>> {
        Ok(Vec::new())
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.stored(|request| request.id == id)
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        self.stored(|request| request.number == number)
    }

    async fn children(&self, _: RequestId) -> Result<Vec<ChildSummary>> {
        Ok(Vec::new())
    }

    async fn child_counts(&self, _: RequestId) -> Result<ChildCounts> {
        not_needed()
    }

    async fn dependents(&self, _: RequestId) -> Result<Vec<RequestId>> {
        not_needed()
    }

    async fn request_of_task(&self, _: TaskId) -> Result<Option<StoredRequest>> {
        not_needed()
    }

    async fn requests(
        &self,
        list: &RequestList,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
        let after = match start {
            Start::Offset(0) => None,
            Start::Offset(_) => return not_needed(),
            Start::After(cursor) => Some(cursor),
        };
        let place = |request: &Request| RequestCursor { created: request.created, id: request.id };
        let wanted = |request: &&Request| {
            list.statuses.as_ref().is_none_or(|statuses| statuses.contains(&request.status()))
                && after.is_none_or(|after| place(request) < after)
        };
        let found: Vec<_> = self.requests.iter().filter(wanted).take(limit + 1).collect();
        let returned =
            self.requests.iter().filter(|request| after.is_some_and(|after| place(request) >= after)).count();
        if returned >= self.broken_after {
            return not_needed();
        }
        if self.lost_after.lock().unwrap().pop_if(|after| *after <= returned).is_some() {
            return Err(RepositoryError::Unavailable("the connection was lost".to_owned()));
        }
        let items = found.iter().take(limit).map(|request| stored(request)).collect::<Result<Vec<_>>>()?;
        let next = if found.len() > limit { found.get(limit - 1).map(|request| place(request)) } else { None };
        Ok(Page { items, next })
    }

    async fn count_requests(&self, _: &RequestList) -> Result<u64> {
        not_needed()
    }

    async fn inbox(&self, _: &Inbox, _: Start<TaskCursor>, _: usize) -> Result<Page<InboxItem, TaskCursor>> {
        not_needed()
    }

    async fn count_inbox(&self, _: &Inbox) -> Result<u64> {
        not_needed()
    }

    async fn earlier(&self, _: UserId, _: &str, _: &str, _: i32) -> Result<Option<([u8; 32], Vec<u8>)>> {
        not_needed()
    }

    async fn due(&self, _: Timestamp, _: usize) -> Result<Vec<Due>> {
        not_needed()
    }

    async fn lease(&self, _: &str, _: Uuid, _: Timestamp, _: Timestamp) -> Result<bool> {
        not_needed()
    }

    async fn forget_keys(&self, _: Timestamp) -> Result<u64> {
        not_needed()
    }

    async fn event_feed(&self, _: i64, _: usize) -> Result<Vec<PlacedEvent>> {
        not_needed()
    }

    async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>> {
        not_needed()
    }

    async fn webhook_secret(&self, _: WebhookId) -> Result<Option<WebhookSecret>> {
        not_needed()
    }

    async fn note_delivery(&self, _: &Delivery, _: i64) -> Result<bool> {
        not_needed()
    }

    async fn events(&self, _: StreamId, _: i64, _: usize) -> Result<Vec<StoredEvent>> {
        Ok(Vec::new())
    }

    async fn allocate_numbers(&self, _: NumberSpace, _: u32) -> Result<i64> {
        not_needed()
    }

    async fn commit(&self, _: Change) -> Result<CommitOutcome> {
        not_needed()
    }

    async fn import(
        &self,
        _: Box<dyn RecordSource>,
        _: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError> {
        not_needed().map_err(ImportError::from)
    }

    async fn export(
        &self,
        _: ExportOptions,
        _: Box<dyn RecordSink>,
        _: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
        not_needed().map_err(ExportError::from)
    }

    async fn check(&self, _: bool, _: Arc<dyn Progress>) -> Result<CheckReport> {
        not_needed()
    }

    async fn audit(&self, _: Trust, _: Arc<dyn Progress>) -> Result<AuditReport> {
        not_needed()
    }

    async fn uncovered(&self, _: usize) -> Result<Span> {
        not_needed()
    }

    async fn keep_checkpoint(&self, _: Checkpoint) -> Result<bool> {
        not_needed()
    }

    async fn checkpoint(&self, _: i64) -> Result<Option<Checkpoint>> {
        not_needed()
    }
}
