//! Requests in their table.

use countersign_core::approval::Stage;
use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, RequestId, UserId};
use countersign_core::repository::{NumberSpace, Result};
use countersign_core::request::{ChildSummary, Request, RequestDetails, RequestStatus};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

fn user(id: UserId) -> Key {
    Key::User(id.as_uuid())
}

fn principal(id: PrincipalId) -> Key {
    Key::Principal(id.as_uuid())
}

impl Aggregate for Request {
    const STREAM: StreamKind = StreamKind::Request;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        let id = self.id.as_uuid();
        let mut keys = vec![Key::Request(id), Key::RequestNumber(self.number)];
        keys.extend(self.has_children.then_some(Key::Parent(id)));
        keys.extend(self.parent.map(|parent| Key::Child(parent.request.as_uuid(), parent.ordinal)));
        keys.extend(self.tasks().map(|task| Key::Task(task.id.as_uuid())));
        keys
    }

    /// Profiles and cards may be missing (decision 15).
    fn references(&self) -> Vec<Key> {
        let mut keys = vec![user(self.originator)];
        let others = self.parent.map(|parent| parent.request).into_iter().chain(self.depends_on);
        keys.extend(others.map(|request| Key::Request(request.as_uuid())));
        match &self.details {
            RequestDetails::Certificate(certificate) => {
                keys.extend([user(certificate.target), Key::Template(certificate.template.as_uuid())]);
                keys.extend(certificate.agents.iter().chain(&certificate.auditors).copied().map(principal));
            }
            RequestDetails::Access(access) => keys.extend(access.beneficiaries.iter().copied().map(user)),
        }
        keys.extend(self.stages.iter().flat_map(stage_references));
        keys
    }

    fn links(&self) -> Vec<Link> {
        let mut links: Vec<_> = self.parent.map(|parent| Link::Parent(parent.request)).into_iter().collect();
        let waits = self.depends_on.filter(|_| self.status() == RequestStatus::AwaitingDependency);
        links.extend(waits.map(Link::WaitsFor));
        if let Some(certificate) = self.certificate() {
            links.extend(certificate.old_profile.map(Link::OldProfile));
            links.extend(certificate.old_smartcard.map(Link::OldSmartcard));
        }
        links
    }

    fn number(&self) -> Option<(NumberSpace, i64)> {
        Some((NumberSpace::Requests, self.number.get()))
    }
}

impl Tabled for Request {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.requests
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.requests
    }
}

fn stage_references(stage: &Stage) -> Vec<Key> {
    let mut keys: Vec<_> = stage.planned.iter().copied().map(principal).collect();
    keys.extend(stage.managers_of.iter().copied().map(user));
    for task in &stage.tasks {
        keys.extend(std::iter::once(task.assignee).chain(task.delegate).map(principal));
        keys.extend(task.acquired_by.map(user));
        keys.extend(task.votes.iter().flat_map(|vote| [Some(vote.voter), vote.represented]).flatten().map(user));
    }
    keys
}

/// The children of a parent, in their order.
pub(crate) fn children(tables: &Tables, parent: RequestId) -> Result<Vec<ChildSummary>> {
    let mut children = Vec::new();
    for child in tables.requests.all_linked(Link::Parent(parent)) {
        let child = child?;
        let ordinal = child.parent.map_or(0, |parent| parent.ordinal);
        children.push(ChildSummary { id: child.id, ordinal, number: child.number, status: child.status() });
    }
    children.sort_by_key(|child| child.ordinal);
    Ok(children)
}

/// The requests that wait for `request`.
pub(crate) fn dependents(tables: &Tables, request: RequestId) -> Vec<RequestId> {
    tables.requests.linked(Link::WaitsFor(request)).map(RequestId::from).collect()
}
