//! A repository in memory for the tests of this crate: one user, `requester`, whose password is
//! `demo`, and requests that the test made.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Caller, Login, MimRight, PrincipalName, User, UserStatus};
use countersign_core::document::Document;
use countersign_core::error::RepositoryError;
use countersign_core::event::{Channel, StoredEvent, StreamId};
use countersign_core::ids::{PrincipalId, ProfileId, RequestId, RequestNumber, Revision, TemplateId, UserId};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::repository::{
    Change, CheckReport, CommitOutcome, ExportError, ExportOptions, Identity, ImportContext, NumberSpace, Page,
    Progress, RecordSink, Repository, RequestCursor, RequestList, Result, StoredRequest,
};
use countersign_core::request::{ApprovedBy, CertificateRequest, ChildSummary, Request, RequestDetails, RequestState};
use countersign_core::template::{CertificateOperation, ProfileTemplate};
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
}

impl Memory {
    /// A repository of these requests.
    pub(crate) fn of(requests: Vec<Request>) -> Self {
        Self { requests, broken_after: usize::MAX }
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

    async fn identity(&self, login: &str) -> Result<Option<Identity>> {
        if !login.eq_ignore_ascii_case("requester") {
            return Ok(None);
        }
        let password = hash_password(&SecretString::from("demo")).unwrap();
        let caller = Caller {
            user: requester(),
            number: 1.try_into().unwrap(),
            login: "requester".to_owned().try_into().unwrap(),
            principals: vec![requester().into()],
        };
        Ok(Some(Identity { caller, status: UserStatus::Active, password: Some(password) }))
    }

    async fn user(&self, _: UserId) -> Result<Option<User>> {
        Ok(None)
    }

    async fn user_by_login(&self, _: &Login) -> Result<Option<User>> {
        Ok(None)
    }

    async fn principal_names(&self, _: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>> {
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

    async fn templates(&self, _: &[TemplateId]) -> Result<Vec<ProfileTemplate>> {
        Ok(Vec::new())
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

    async fn requests(
        &self,
        list: &RequestList,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
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
        let items = found.iter().take(limit).map(|request| stored(request)).collect::<Result<Vec<_>>>()?;
        let next = if found.len() > limit { found.get(limit - 1).map(|request| place(request)) } else { None };
        Ok(Page { items, next })
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
}
