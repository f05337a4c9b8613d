//! What lists and inboxes should hold, found by going through everything: plain code over plain
//! records, to compare an adapter's answers with.

use std::cmp::Reverse;

use countersign_core::access::{Acl, ListClass};
use countersign_core::approval::{ApprovalTask, Stage, TaskState};
use countersign_core::catalog::EntityType;
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Group, User};
use countersign_core::filter::{
    Filter, RequestClause, StatusMatch, TaskClause, TextMatch, TimeMatch, TypeMatch, UserMatch,
};
use countersign_core::ids::{GroupId, PrincipalId, UserId};
use countersign_core::repository::{Inbox, Order, RequestList};
use countersign_core::request::{Request, RequestDetails, RequestState};

/// Everything that there is.
#[derive(Debug)]
pub struct World {
    /// The users.
    pub users: Vec<User>,
    /// The groups.
    pub groups: Vec<Group>,
    /// The group of the administrators.
    pub administrators: Option<GroupId>,
    /// The requests.
    pub requests: Vec<Request>,
}

impl World {
    /// What `list` holds, in order.
    pub fn list(&self, list: &RequestList) -> Vec<&Request> {
        let wanted = |request: &&Request| {
            list.statuses.as_ref().is_none_or(|wanted| wanted.contains(&request.status()))
                && list
                    .filter
                    .as_ref()
                    .is_none_or(|filter| meets(filter, &|clause| self.request_meets(request, clause)))
        };
        let seen = |request: &&Request| self.sees(request, list) || self.sees_through_reports(request, list);
        let mut found: Vec<_> = self.requests.iter().filter(wanted).filter(seen).collect();
        found.sort_by_key(|request| Reverse((request.created, request.id)));
        from_its_end(found, list.order)
    }

    fn sees(&self, request: &Request, list: &RequestList) -> bool {
        Acl::of(request, self.administrators).readers().iter().any(|reader| {
            list.principals.contains(&reader.principal) && list.classes.contains(&ListClass::of(request, reader.roles))
        })
    }

    fn sees_through_reports(&self, request: &Request, list: &RequestList) -> bool {
        let Some(manager) = list.through_reports else { return false };
        let of_report = |report: &User| {
            let (asked, gets) = (request.originator == report.id, request.beneficiaries().contains(&report.id));
            let class = match (asked, gets, request.certificate().is_some()) {
                (false, false, _) => return false,
                (true, true, false) => ListClass::AccessOwn,
                (true, false, false) => ListClass::AccessRaised,
                (false, true, false) => ListClass::AccessHeld,
                (true, true, true) => ListClass::CertificateOwn,
                (true, false, true) => ListClass::CertificateRaised,
                (false, true, true) => ListClass::CertificateHeld,
            };
            list.classes.contains(&class)
        };
        let mut reports = self.users.iter().filter(|user| user.manager == Some(manager));
        !request.state.is_cart() && reports.any(of_report)
    }

    /// What `inbox` holds, in order.
    pub fn inbox(&self, inbox: &Inbox) -> Vec<(&Request, &ApprovalTask)> {
        let mut found = Vec::new();
        for request in &self.requests {
            for stage in &request.stages {
                let held = stage.tasks.iter().filter(|task| is_in(inbox, request, stage, task));
                found.extend(held.map(|task| (request, task)));
            }
        }
        found.retain(|(request, task)| {
            inbox.states.as_ref().is_none_or(|wanted| wanted.contains(&task.state))
                && inbox
                    .filter
                    .as_ref()
                    .is_none_or(|filter| meets(filter, &|clause| self.task_meets(request, task, clause)))
        });
        found.sort_by_key(|(_, task)| Reverse((task.created, task.id)));
        from_its_end(found, inbox.order)
    }

    fn user(&self, id: UserId) -> &User {
        self.users.iter().find(|user| user.id == id).expect("a user of the world")
    }

    fn is_one_of(&self, id: UserId, wanted: &[UserMatch]) -> bool {
        let user = self.user(id);
        wanted.iter().any(|wanted| match wanted {
            UserMatch::Id(id) => *id == user.id,
            UserMatch::Number(number) => *number == user.number,
            UserMatch::Login(login) => text_meets(Some(user.login.as_str()), login),
        })
    }

    fn name(&self, id: PrincipalId) -> &str {
        let group = self.groups.iter().find(|group| PrincipalId::from(group.id) == id);
        group.map_or_else(|| self.user(id.as_user()).login.as_str(), |group| group.name.as_str())
    }

    fn request_meets(&self, request: &Request, clause: &RequestClause) -> bool {
        match clause {
            RequestClause::Number(number) => request.number == *number,
            RequestClause::NumberBelow(bound) => request.number < *bound,
            RequestClause::NumberText(text) => text_meets(Some(&request.number.get().to_string()), text),
            RequestClause::Status(states) => states.iter().any(|wanted| is_in_state(request, wanted)),
            RequestClause::Type(types) => types.iter().any(|wanted| is_of_type(request, *wanted)),
            RequestClause::Requester(users) => self.is_one_of(request.originator, users),
            RequestClause::Beneficiary(users) => request.beneficiaries().iter().any(|id| self.is_one_of(*id, users)),
            RequestClause::Created(time) => time_meets(Some(request.created), *time),
            RequestClause::Ended(time) => time_meets(request.state.ended(), *time),
            RequestClause::Justification(text) => text_meets(request.justification.as_deref(), text),
            RequestClause::TargetType(wanted) => match &request.details {
                RequestDetails::Certificate(_) => *wanted == EntityType::ProfileTemplate,
                RequestDetails::Access(access) => access.targets.iter().any(|target| target.entity_type == *wanted),
            },
        }
    }

    fn task_meets(&self, request: &Request, task: &ApprovalTask, clause: &TaskClause) -> bool {
        match clause {
            TaskClause::Task(id) => task.id == *id,
            TaskClause::State(states) => states.contains(&task.state),
            TaskClause::Title(text) => text_meets(Some(&task.title), text),
            TaskClause::Assignee(principal) => task.assignee == *principal,
            TaskClause::AssigneeName(text) => text_meets(Some(self.name(task.assignee)), text),
            TaskClause::AcquiredBy(users) => task.acquired_by.is_some_and(|id| self.is_one_of(id, users)),
            TaskClause::Acquired(acquired) => task.acquired_by.is_some() == *acquired,
            TaskClause::Created(time) => time_meets(Some(task.created), *time),
            TaskClause::Expires(time) => time_meets(task.expires, *time),
            TaskClause::Request(clause) => self.request_meets(request, clause),
        }
    }
}

/// Whether the task stands in the inbox, whatever its state and the filter.
fn is_in(inbox: &Inbox, request: &Request, stage: &Stage, task: &ApprovalTask) -> bool {
    let holders = match task.acquired_by {
        Some(claimer) => vec![claimer.into()],
        None => std::iter::once(task.assignee).chain(task.delegate).collect::<Vec<PrincipalId>>(),
    };
    let own = inbox.principals.iter().any(|principal| holders.contains(principal));
    let mut in_place = inbox.represents.iter().filter(|user| holders.contains(&PrincipalId::from(**user)));
    may_vote(inbox.user, request, stage, task)
        && (own || in_place.any(|represented| may_vote(*represented, request, stage, task)))
}

/// Nobody is kept from looking at a task that is over.
fn may_vote(user: UserId, request: &Request, stage: &Stage, task: &ApprovalTask) -> bool {
    let open = [TaskState::Assigned, TaskState::Suspended, TaskState::Alerted, TaskState::InformationRequired];
    if !open.contains(&task.state) {
        return true;
    }
    let involved = request.originator == user || request.beneficiaries().contains(&user);
    // The votes on a question asked beside the stage count there alone.
    let together = |other: &&ApprovalTask| match task.parent {
        Some(_) => other.id == task.id,
        None => other.parent.is_none(),
    };
    let mut votes = stage.tasks.iter().filter(together).flat_map(|task| &task.votes);
    let voted = votes.any(|vote| vote.voter == user || vote.represented == Some(user));
    !voted && (stage.own_approval || !involved)
}

fn meets<C>(filter: &Filter<C>, clause: &dyn Fn(&C) -> bool) -> bool {
    match filter {
        Filter::Clause(one) => clause(one),
        Filter::And(parts) => parts.iter().all(|part| meets(part, clause)),
        Filter::Or(parts) => parts.iter().any(|part| meets(part, clause)),
        Filter::Not(part) => !meets(part, clause),
    }
}

fn text_meets(value: Option<&str>, wanted: &TextMatch) -> bool {
    let Some(value) = value.map(str::to_lowercase) else { return false };
    match wanted {
        TextMatch::Equals(text) => value == text.to_lowercase(),
        TextMatch::Contains(text) => value.contains(&text.to_lowercase()),
        TextMatch::Begins(text) => value.starts_with(&text.to_lowercase()),
        TextMatch::Ends(text) => value.ends_with(&text.to_lowercase()),
        TextMatch::Present => true,
    }
}

fn time_meets(value: Option<Timestamp>, wanted: TimeMatch) -> bool {
    value.is_some_and(|value| match wanted {
        TimeMatch::Within(from, until) => from <= value && value < until,
        TimeMatch::Before(until) => value < until,
        TimeMatch::From(from) => from <= value,
        TimeMatch::Present => true,
    })
}

fn is_in_state(request: &Request, wanted: &StatusMatch) -> bool {
    let (by, fulfilment) = match request.state {
        RequestState::Approved { by } => (Some(by), None),
        RequestState::Executing { fulfilment } => (None, Some(fulfilment)),
        _ => (None, None),
    };
    request.status() == wanted.status
        && wanted.certificate.is_none_or(|certificate| request.certificate().is_some() == certificate)
        && (wanted.approved_by.is_none() || wanted.approved_by == by)
        && (wanted.fulfilment.is_none() || wanted.fulfilment == fulfilment)
}

fn is_of_type(request: &Request, wanted: TypeMatch) -> bool {
    match (&request.details, wanted) {
        (RequestDetails::Access(access), TypeMatch::Access(operation)) => access.operation == operation,
        (RequestDetails::Certificate(certificate), TypeMatch::Certificate(operation)) => {
            certificate.operation == operation
        }
        _ => false,
    }
}

/// A list with the newest first, as `order` wants it.
fn from_its_end<T>(mut list: Vec<T>, order: Order) -> Vec<T> {
    if order == Order::OldestFirst {
        list.reverse();
    }
    list
}
