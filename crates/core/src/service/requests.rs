//! Reading requests, as far as the caller may.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::{Acl, ListClass, Roles};
use crate::approval::Stage;
use crate::directory::{Caller, DirectoryVersion, PrincipalName};
use crate::error::RepositoryError;
use crate::filter::{Filter, RequestClause, RequestFilter, UserMatch};
use crate::ids::{GroupId, PrincipalId, UserId, UserNumber};
use crate::repository::{Order, Page, Repository, RequestCursor, RequestList, Start, StoredRequest};
use crate::request::{ChildSummary, Request, RequestKey, RequestStatus};
use crate::service::ServiceError;

/// A child as its parent's detail shows it.
pub type ChildView = ChildSummary;

/// The names of principals.
pub type Names = BTreeMap<PrincipalId, PrincipalName>;

/// Which requests OIG's trackRequests lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackQuery {
    /// Only those that meet this.
    pub filter: Option<RequestFilter>,
    /// Only those that this user asked for or gets.
    pub user: Option<UserNumber>,
    /// Which end comes first.
    pub order: Order,
}

/// A page of requests with what is printed beside them.
#[derive(Clone, Debug)]
pub struct RequestListing {
    /// The requests, in the order that was asked for.
    pub requests: Vec<Request>,
    /// The names of the principals that they mention.
    pub names: Names,
    /// Where the next page begins; `None` at the end.
    pub next: Option<RequestCursor>,
}

/// A request with everything that a detail prints beside it.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Its children, in their order.
    pub children: Vec<ChildView>,
    /// The names of the principals that it mentions.
    pub names: BTreeMap<PrincipalId, PrincipalName>,
    /// Whom a stage asks in the place of a manager whom somebody does not have, if there is such a stage.
    pub administrators: Option<GroupId>,
    /// The name of a certificate request's template.
    pub template_name: Option<String>,
}

impl RequestView {
    /// Whom a stage that has not begun would ask now.
    pub fn asked(&self, stage: &Stage) -> Vec<PrincipalId> {
        let administrators = self.administrators.map(PrincipalId::from);
        stage.asked(|user| self.names.get(&user.into()).and_then(manager).or(administrators))
    }
}

/// A request that is read for a caller.
#[derive(Debug)]
pub enum Sought {
    /// Still to be read.
    By(RequestKey),
    /// What the repository has said of it, in the same call.
    Read(Result<Option<StoredRequest>, RepositoryError>),
}

impl From<RequestKey> for Sought {
    fn from(key: RequestKey) -> Self {
        Self::By(key)
    }
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
    pub async fn certificate_request(
        &self,
        caller: &Caller,
        sought: impl Into<Sought>,
    ) -> Result<Request, ServiceError> {
        let stored = self.stored(sought.into()).await?;
        let request = stored.document.request()?;
        self.check_mim(caller, &stored, &request).await?;
        Ok(request)
    }

    /// Whether the caller may read the request in MIM; unknown to MIM is `NotFound`.
    pub(super) async fn check_mim(
        &self,
        caller: &Caller,
        stored: &StoredRequest,
        request: &Request,
    ) -> Result<(), ServiceError> {
        if request.certificate().is_none() || request.state.is_cart() {
            return Err(ServiceError::NotFound);
        }
        let own = stored.document.acl.roles_of(&caller.principals).meets(Roles::MIM_READ);
        if own || represents_an_approver(caller, stored) || self.stands_in_for_an_approver(caller, stored).await? {
            Ok(())
        } else {
            Err(ServiceError::forbidden("you may not read this request"))
        }
    }

    /// Whether the caller may see the request in OIG; if not, there is none.
    pub(super) async fn check_oig(&self, caller: &Caller, stored: &StoredRequest) -> Result<(), ServiceError> {
        let own = stored.document.acl.roles_of(&caller.principals).meets(Roles::OIG_DETAIL);
        if own || represents_an_approver(caller, stored) {
            return Ok(());
        }
        let request = stored.document.request()?;
        let names = self.names(caller, &request, stored).await?;
        if may_see_detail(caller, &request, stored, &names) { Ok(()) } else { Err(ServiceError::NotFound) }
    }

    /// A page of the requests that the caller may track in OIG: the caller's own, those for the
    /// caller, those of direct reports; every one of an administrator (decision 1).
    pub async fn track(
        &self,
        caller: &Caller,
        query: &TrackQuery,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<RequestListing, ServiceError> {
        let page = self.repository.requests(&tracked(caller, query), start, limit).await?;
        let requests: Vec<Request> =
            page.items.iter().map(|stored| stored.document.request()).collect::<Result<_, _>>()?;
        let names = self.names_in(&requests, Some(caller.directory)).await?;
        Ok(RequestListing { requests, names, next: page.next })
    }

    /// How many requests the caller may track.
    pub async fn count_tracked(&self, caller: &Caller, query: &TrackQuery) -> Result<u64, ServiceError> {
        Ok(self.repository.count_requests(&tracked(caller, query)).await?)
    }

    /// The names of whoever asked for `requests`, whom they are for, and who has to do with their tasks.
    pub(super) async fn names_in(
        &self,
        requests: &[Request],
        since: Option<DirectoryVersion>,
    ) -> Result<Names, RepositoryError> {
        let mut ids: Vec<PrincipalId> = Vec::new();
        for request in requests {
            ids.push(request.originator.into());
            ids.extend(request.beneficiaries().iter().map(|user| PrincipalId::from(*user)));
            for task in request.tasks() {
                ids.push(task.assignee);
                ids.extend(task.holders());
                ids.extend(task.votes.iter().map(|vote| PrincipalId::from(vote.voter)));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(self.repository.principal_names(&ids, since).await?.into_iter().collect())
    }

    async fn stands_in_for_an_approver(&self, caller: &Caller, stored: &StoredRequest) -> Result<bool, ServiceError> {
        let readers = stored.document.acl.readers().iter();
        let approvers = readers.filter(|reader| reader.roles.meets(Roles::APPROVER)).map(|reader| reader.principal);
        let approvers: Vec<_> = approvers.collect();
        let names = self.repository.principal_names(&approvers, Some(caller.directory)).await?;
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
        let list = RequestList {
            principals,
            through_reports: None,
            classes,
            statuses,
            filter: None,
            order: Order::NewestFirst,
            reader: Some(caller.user),
        };
        let start = after.map_or(Start::Offset(0), Start::After);
        let page = self.repository.requests(&list, start, limit).await?;
        let items = page.items.iter().map(|stored| stored.document.request()).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    async fn stored(&self, sought: Sought) -> Result<StoredRequest, ServiceError> {
        let found = match sought {
            Sought::By(key) => self.repository.request_by(key).await?,
            Sought::Read(found) => found?,
        };
        found.ok_or(ServiceError::NotFound)
    }

    /// A request, as OIG's detail shows it; what the caller may not see is `NotFound`.
    pub async fn detail(&self, caller: &Caller, sought: impl Into<Sought>) -> Result<RequestView, ServiceError> {
        let stored = self.stored(sought.into()).await?;
        let request = stored.document.request()?;
        let since = Some(caller.directory);
        let mut names = self.names(caller, &request, &stored).await?;
        if !represents_an_approver(caller, &stored) && !may_see_detail(caller, &request, &stored, &names) {
            return Err(ServiceError::NotFound);
        }
        let administrators = self.stand_in(&request, &mut names, since).await?;
        let children = if request.has_children { self.repository.children(request.id).await? } else { Vec::new() };
        let template_name = self.template_name(&request, since).await?;
        Ok(RequestView { request, children, names, administrators, template_name })
    }

    /// A request that the caller was just let at, as a detail prints it, without its children: it is
    /// the same whenever the call is sent again.
    pub async fn told(&self, caller: Option<&Caller>, request: Request) -> Result<RequestView, ServiceError> {
        let since = caller.map(|caller| caller.directory);
        let acl = Acl::of(&request, None);
        let mut ids: Vec<PrincipalId> = acl.readers().iter().map(|reader| reader.principal).collect();
        ids.extend(request.beneficiaries().iter().map(|user| PrincipalId::from(*user)));
        ids.extend(
            request.tasks().flat_map(|task| &task.votes).filter_map(|vote| vote.represented).map(PrincipalId::from),
        );
        let mut names = self.names_of(&request, ids, since).await?;
        let administrators = self.stand_in(&request, &mut names, since).await?;
        let template_name = self.template_name(&request, since).await?;
        Ok(RequestView { request, children: Vec::new(), names, administrators, template_name })
    }

    async fn template_name(
        &self,
        request: &Request,
        since: Option<DirectoryVersion>,
    ) -> Result<Option<String>, ServiceError> {
        let Some(certificate) = request.certificate() else { return Ok(None) };
        let templates = self.repository.templates(&[certificate.template], since).await?;
        Ok(templates.into_iter().next().map(|template| template.name))
    }

    /// The names of everybody in `request`, and of its readers, whose managers may see it too.
    async fn names(
        &self,
        caller: &Caller,
        request: &Request,
        stored: &StoredRequest,
    ) -> Result<BTreeMap<PrincipalId, PrincipalName>, ServiceError> {
        let mut ids: Vec<PrincipalId> = stored.document.acl.readers().iter().map(|reader| reader.principal).collect();
        // A draft has no reader but its owner.
        ids.extend(request.beneficiaries().iter().map(|user| PrincipalId::from(*user)));
        self.names_of(request, ids, Some(caller.directory)).await
    }

    /// The names of `ids`, and of everybody whom the stages of `request` that have not begun will ask.
    async fn names_of(
        &self,
        request: &Request,
        mut ids: Vec<PrincipalId>,
        since: Option<DirectoryVersion>,
    ) -> Result<BTreeMap<PrincipalId, PrincipalName>, ServiceError> {
        ids.extend(request.stages.iter().flat_map(|stage| &stage.planned));
        ids.extend(managed(request));
        ids.sort_unstable();
        ids.dedup();
        let mut names: BTreeMap<_, _> = self.repository.principal_names(&ids, since).await?.into_iter().collect();
        let mut managers: Vec<_> = managed(request).filter_map(|user| manager(names.get(&user)?)).collect();
        managers.retain(|manager| !names.contains_key(manager));
        if !managers.is_empty() {
            names.extend(self.repository.principal_names(&managers, since).await?);
        }
        Ok(names)
    }

    /// The administrators, with their name, if a stage will ask the manager of somebody who has none.
    async fn stand_in(
        &self,
        request: &Request,
        names: &mut BTreeMap<PrincipalId, PrincipalName>,
        since: Option<DirectoryVersion>,
    ) -> Result<Option<GroupId>, ServiceError> {
        if managed(request).all(|user| names.get(&user).and_then(manager).is_some()) {
            return Ok(None);
        }
        let administrators = self.repository.administrators(since).await?;
        if let Some(group) = administrators {
            names.extend(self.repository.principal_names(&[group.into()], since).await?);
        }
        Ok(administrators)
    }
}

fn tracked(caller: &Caller, query: &TrackQuery) -> RequestList {
    let of_user = query.user.map(|number| {
        let user = || vec![UserMatch::Number(number)];
        Filter::Or(vec![
            Filter::Clause(RequestClause::Requester(user())),
            Filter::Clause(RequestClause::Beneficiary(user())),
        ])
    });
    let filter = match (query.filter.clone(), of_user) {
        (Some(filter), Some(of_user)) => Some(Filter::And(vec![filter, of_user])),
        (filter, of_user) => filter.or(of_user),
    };
    RequestList {
        principals: caller.principals.clone(),
        through_reports: Some(caller.user),
        classes: ListClass::OIG_TRACK,
        statuses: None,
        filter,
        order: query.order,
        reader: Some(caller.user),
    }
}

/// Whether the caller decides at present in the place of one of the request's approvers.
fn represents_an_approver(caller: &Caller, stored: &StoredRequest) -> bool {
    let represented: Vec<PrincipalId> = caller.represents.iter().map(|user| PrincipalId::from(*user)).collect();
    !represented.is_empty() && stored.document.acl.roles_of(&represented).meets(Roles::APPROVER)
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
        let through_report = reader.roles.meets(Roles::THROUGH_REPORT) && !request.state.is_cart();
        through_report && is_managed_by(name, caller.user)
            || reader.roles.meets(Roles::APPROVER) && is_stood_in_for_by(name, caller)
    })
}

/// Those whose managers stages that have not begun will ask.
fn managed(request: &Request) -> impl Iterator<Item = PrincipalId> {
    request.stages.iter().flat_map(|stage| &stage.managers_of).map(|user| PrincipalId::from(*user))
}

fn is_managed_by(name: &PrincipalName, user: UserId) -> bool {
    manager(name) == Some(user.into())
}

fn manager(name: &PrincipalName) -> Option<PrincipalId> {
    match name {
        PrincipalName::User { manager, .. } => manager.map(PrincipalId::from),
        PrincipalName::Group { .. } => None,
    }
}

fn is_stood_in_for_by(name: &PrincipalName, caller: &Caller) -> bool {
    matches!(name, PrincipalName::User { stand_in: Some(stand_in), .. } if caller.is_among(&[*stand_in]))
}
