//! What is derived from requests and users: documents, the access index, the task index, who may not vote,
//! the counts of children, when the worker looks again, and which of the users who have left hold tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_core::access::{Acl, ListClass};
use countersign_core::approval::TaskState;
use countersign_core::clock::Timestamp;
use countersign_core::directory::{User, UserStatus};
use countersign_core::document::{Document, FORMAT};
use countersign_core::error::RepositoryError;
use countersign_core::ids::{GroupId, PrincipalId, RequestId, Revision, TaskId, UserId};
use countersign_core::lifecycle::barred;
use countersign_core::repository::{Result, StoredRequest};
use countersign_core::request::{Request, RequestStatus};

use crate::child_count::{self, ChildCount};
use crate::run::{Place, Runs};

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// The format of the body.
    pub format: i16,
    /// The revision that it shows.
    pub revision: Revision,
    /// The aggregate.
    pub body: Vec<u8>,
    /// The readers.
    pub readers: Vec<u8>,
}

/// A run of the access index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRun {
    /// Whose.
    pub principal: PrincipalId,
    /// Of which class.
    pub class: ListClass,
    /// In which status.
    pub status: RequestStatus,
}

/// A run of the task index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskRun {
    /// Under whom.
    pub principal: PrincipalId,
    /// In which state.
    pub state: TaskState,
}

/// Everything that is derived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derivations {
    /// The documents.
    pub documents: BTreeMap<RequestId, DocumentRow>,
    /// Which lists a request stands in, for whom: with the roles.
    pub access: Runs<AccessRun, i16>,
    /// Under whom a task stands: with its request.
    pub tasks: Runs<TaskRun, RequestId>,
    /// Who may not vote on an open task: with its request.
    pub barred: BTreeMap<(TaskId, UserId), RequestId>,
    /// The counts of children, by parent.
    pub child_counts: BTreeMap<RequestId, ChildCount>,
    /// When the worker looks at a request again.
    pub wakes: BTreeSet<(Timestamp, RequestId)>,
    /// The users who have left and still hold open tasks.
    pub handovers: BTreeSet<UserId>,
}

fn place(request: &Request) -> Place {
    Place { created: request.created, id: request.id.as_uuid() }
}

fn access(request: &Request, acl: &Acl) -> Vec<(AccessRun, i16)> {
    let entry = |reader: &countersign_core::access::Reader| {
        let class = ListClass::of(request, reader.roles);
        (AccessRun { principal: reader.principal, class, status: request.status() }, reader.roles.bits())
    };
    acl.readers().iter().map(entry).collect()
}

fn tasks(request: &Request) -> impl Iterator<Item = (TaskRun, Place)> {
    request.tasks().flat_map(|task| {
        let place = Place { created: task.created, id: task.id.as_uuid() };
        task.holders().map(move |principal| (TaskRun { principal, state: task.state }, place))
    })
}

fn barred_voters(request: &Request) -> impl Iterator<Item = (TaskId, UserId)> {
    let tasks = request.stages.iter().flat_map(|stage| stage.tasks.iter().map(move |task| (stage, task)));
    let open = tasks.filter(|(_, task)| task.state.is_open());
    open.flat_map(move |(stage, task)| barred(request, stage, task).into_iter().map(move |user| (task.id, user)))
}

/// Under whom the open tasks of a request stand.
pub(crate) fn holders(request: &Request) -> impl Iterator<Item = UserId> {
    tasks(request).filter(|(run, _)| run.state.is_open()).map(|(run, _)| run.principal.as_user())
}

impl Derivations {
    /// Everything that follows from these requests and users.
    pub(crate) fn of(
        administrators: Option<GroupId>,
        requests: impl Iterator<Item = Result<Arc<Request>>>,
        users: impl Iterator<Item = Result<Arc<User>>>,
    ) -> Result<Self> {
        let mut derived = Self::default();
        for request in requests {
            let request = request?;
            derived.add(&request, Document::of(&request, administrators)?);
        }
        for user in users {
            let user = user?;
            derived.note_handover(user.id, user.status);
        }
        Ok(derived)
    }

    /// Adds what is derived from a request, but for the users whom it concerns.
    pub(crate) fn add(&mut self, request: &Request, document: Document) {
        for (run, roles) in access(request, &document.acl) {
            self.access.insert(run, place(request), roles);
        }
        for (run, place) in tasks(request) {
            self.tasks.insert(run, place, request.id);
        }
        self.barred.extend(barred_voters(request).map(|voter| (voter, request.id)));
        self.wakes.extend(request.wakes().map(|time| (time, request.id)));
        child_count::note(&mut self.child_counts, request, 1);
        let readers = document.acl.to_bytes();
        let row = DocumentRow { format: FORMAT, revision: request.revision, body: document.body, readers };
        self.documents.insert(request.id, row);
    }

    /// Removes what was derived from a request, but for the users whom it concerned.
    pub(crate) fn remove(&mut self, request: &Request, administrators: Option<GroupId>) {
        for (run, _) in access(request, &Acl::of(request, administrators)) {
            self.access.remove(run, place(request));
        }
        for (run, place) in tasks(request) {
            self.tasks.remove(run, place);
        }
        for voter in barred_voters(request) {
            self.barred.remove(&voter);
        }
        if let Some(time) = request.wakes() {
            self.wakes.remove(&(time, request.id));
        }
        child_count::note(&mut self.child_counts, request, -1);
        self.documents.remove(&request.id);
    }

    /// Whether the user holds open tasks.
    fn holds(&self, user: UserId) -> bool {
        let open = TaskState::ALL.iter().filter(|state| state.is_open());
        open.map(|state| TaskRun { principal: user.into(), state: *state }).any(|run| self.tasks.has(run))
    }

    /// Notes whether a user who has this status has left and still holds open tasks.
    pub(crate) fn note_handover(&mut self, user: UserId, status: UserStatus) {
        if status == UserStatus::Disabled && self.holds(user) {
            self.handovers.insert(user);
        } else {
            self.handovers.remove(&user);
        }
    }

    /// Removes whatever is derived from these requests, and of these users: of what cannot be read it is not known.
    pub(crate) fn forget(&mut self, requests: &BTreeSet<RequestId>, users: &BTreeSet<UserId>) {
        self.documents.retain(|id, _| !requests.contains(id));
        self.access.retain(|_, place, _| !requests.contains(&place.id.into()));
        self.tasks.retain(|_, _, id| !requests.contains(id));
        self.barred.retain(|_, id| !requests.contains(id));
        self.child_counts.retain(|id, _| !requests.contains(id));
        self.wakes.retain(|(_, id)| !requests.contains(id));
        self.handovers.retain(|user| !users.contains(user));
    }

    /// The document of a request, with its readers.
    pub(crate) fn stored(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        let Some(row) = self.documents.get(&id) else { return Ok(None) };
        if row.format != FORMAT {
            let reason = format!("the document of request {id} has format {}", row.format);
            return Err(RepositoryError::Damaged(reason));
        }
        let acl = Acl::from_bytes(&row.readers);
        let unreadable = || RepositoryError::Damaged(format!("the readers of request {id} cannot be read"));
        let document = Document { body: row.body.clone(), acl: acl.ok_or_else(unreadable)? };
        Ok(Some(StoredRequest { id, revision: row.revision, document }))
    }

    /// The document of a request that is listed.
    pub(crate) fn listed(&self, id: RequestId) -> Result<StoredRequest> {
        let missing = || RepositoryError::Damaged(format!("request {id} is listed and has no document"));
        self.stored(id)?.ok_or_else(missing)
    }
}
