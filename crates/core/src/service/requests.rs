//! Reading requests, as far as the caller may.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::{ListClass, Roles};
use crate::directory::{Caller, PrincipalName};
use crate::error::ServiceError;
use crate::ids::{PrincipalId, RequestId, RequestNumber, UserId};
use crate::repository::{Page, Repository, RequestCursor, RequestList, StoredRequest};
use crate::request::{ChildSummary, Request, RequestStatus};

/// A child as its parent's detail shows it.
pub type ChildView = ChildSummary;

/// A request with everything that a detail prints beside it.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Its children, in their order.
    pub children: Vec<ChildView>,
    /// The names of the principals that it mentions.
    pub names: BTreeMap<PrincipalId, PrincipalName>,
    /// The name of a certificate request's template.
    pub template_name: Option<String>,
}

/// Reads requests.
#[derive(Clone)]
pub struct Requests {
    repository: Arc<dyn Repository>,
}

impl Requests {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { repository }
    }

    /// A certificate request, as MIM shows it: unknown, of another kind or a draft is `NotFound`;
    /// unreadable is `Forbidden` (design sections 3 and 6, decisions 1 and 20).
    pub async fn certificate_request(&self, caller: &Caller, id: RequestId) -> Result<Request, ServiceError> {
        let stored = self.repository.request(id).await?.ok_or(ServiceError::NotFound)?;
        let request = stored.document.request()?;
        if request.certificate().is_none() || request.status() == RequestStatus::Draft {
            return Err(ServiceError::NotFound);
        }
        let own = stored.document.acl.roles_of(&caller.principals).meets(Roles::MIM_READ);
        if !own && !self.stands_in_for_an_approver(caller, &stored).await? {
            return Err(ServiceError::Forbidden("you may not read this request"));
        }
        Ok(request)
    }

    async fn stands_in_for_an_approver(&self, caller: &Caller, stored: &StoredRequest) -> Result<bool, ServiceError> {
        let readers = stored.document.acl.readers().iter();
        let approvers = readers.filter(|reader| reader.roles.meets(Roles::APPROVER)).map(|reader| reader.principal);
        let names = self.repository.principal_names(&approvers.collect::<Vec<_>>()).await?;
        Ok(names.iter().any(|(_, name)| is_stood_in_for_by(name, caller)))
    }

    /// A page of the certificate requests that the caller may read, newest first; with
    /// `own`, of those whose target the caller is.
    pub async fn certificate_requests(
        &self,
        caller: &Caller,
        own: bool,
        statuses: Option<Vec<RequestStatus>>,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Page<Request>, ServiceError> {
        let (principals, classes) = if own {
            (vec![caller.user.into()], ListClass::MIM_TARGET)
        } else {
            (caller.principals.clone(), ListClass::MIM_ALL)
        };
        let list = RequestList { principals, classes, statuses };
        let page = self.repository.requests(&list, after, limit).await?;
        let items = page.items.iter().map(|stored| stored.document.request()).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// A request by its number, as OIG's detail shows it; what the caller may not see is `NotFound`.
    pub async fn detail(&self, caller: &Caller, number: RequestNumber) -> Result<RequestView, ServiceError> {
        let stored = self.repository.request_by_number(number).await?.ok_or(ServiceError::NotFound)?;
        let request = stored.document.request()?;
        let names = self.names(&request, &stored).await?;
        if !may_see_detail(caller, &request, &stored, &names) {
            return Err(ServiceError::NotFound);
        }
        let children = if request.has_children { self.repository.children(request.id).await? } else { Vec::new() };
        let template_name = self.template_name(&request).await?;
        Ok(RequestView { request, children, names, template_name })
    }

    async fn template_name(&self, request: &Request) -> Result<Option<String>, ServiceError> {
        let Some(certificate) = request.certificate() else { return Ok(None) };
        let templates = self.repository.templates(&[certificate.template]).await?;
        Ok(templates.into_iter().next().map(|template| template.name))
    }

    /// The names of everybody in `request`, and of its readers, whose managers may see it too.
    async fn names(
        &self,
        request: &Request,
        stored: &StoredRequest,
    ) -> Result<BTreeMap<PrincipalId, PrincipalName>, ServiceError> {
        let mut ids: Vec<PrincipalId> = stored.document.acl.readers().iter().map(|reader| reader.principal).collect();
        ids.extend(request.stages.iter().flat_map(|stage| &stage.planned));
        ids.sort_unstable();
        ids.dedup();
        Ok(self.repository.principal_names(&ids).await?.into_iter().collect())
    }
}

/// Decisions 1 and 6: the caller's own roles; one level through a report, but for carts; as
/// approver in the place of somebody who has left.
fn may_see_detail(
    caller: &Caller,
    request: &Request,
    stored: &StoredRequest,
    names: &BTreeMap<PrincipalId, PrincipalName>,
) -> bool {
    let acl = &stored.document.acl;
    if acl.roles_of(&caller.principals).meets(Roles::OIG_DETAIL) {
        return true;
    }
    acl.readers().iter().any(|reader| {
        let Some(name) = names.get(&reader.principal) else { return false };
        let through_report = reader.roles.meets(Roles::THROUGH_REPORT) && request.status() != RequestStatus::Draft;
        through_report && is_managed_by(name, caller.user)
            || reader.roles.meets(Roles::APPROVER) && is_stood_in_for_by(name, caller)
    })
}

fn is_managed_by(name: &PrincipalName, user: UserId) -> bool {
    matches!(name, PrincipalName::User { manager: Some(manager), .. } if *manager == user)
}

fn is_stood_in_for_by(name: &PrincipalName, caller: &Caller) -> bool {
    matches!(name, PrincipalName::User { stand_in: Some(stand_in), .. } if caller.is_among(&[*stand_in]))
}
