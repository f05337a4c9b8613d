//! Filters, asked of one request or task at a time.

use countersign_core::approval::ApprovalTask;
use countersign_core::catalog::EntityType;
use countersign_core::clock::Timestamp;
use countersign_core::filter::{
    Filter, RequestClause, StatusMatch, TaskClause, TextMatch, TimeMatch, TypeMatch, UserMatch,
};
use countersign_core::ids::UserId;
use countersign_core::repository::Result;
use countersign_core::request::{Request, RequestDetails, RequestState};

use crate::directory;
use crate::tables::Tables;

/// Whether the filter holds, where `clause` says whether each of its clauses does.
pub(crate) fn meets<C>(filter: &Filter<C>, clause: &dyn Fn(&C) -> Result<bool>) -> Result<bool> {
    match filter {
        Filter::Clause(one) => clause(one),
        Filter::And(parts) => all(parts, |part| meets(part, clause)),
        Filter::Or(parts) => any(parts, |part| meets(part, clause)),
        Filter::Not(part) => Ok(!meets(part, clause)?),
    }
}

fn any<T>(parts: &[T], mut holds: impl FnMut(&T) -> Result<bool>) -> Result<bool> {
    for part in parts {
        if holds(part)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all<T>(parts: &[T], mut holds: impl FnMut(&T) -> Result<bool>) -> Result<bool> {
    Ok(!any(parts, |part| Ok(!holds(part)?))?)
}

/// Whether a clause holds of a request.
pub(crate) fn request(tables: &Tables, request: &Request, clause: &RequestClause) -> Result<bool> {
    Ok(match clause {
        RequestClause::Number(number) => request.number == *number,
        RequestClause::NumberBelow(bound) => request.number < *bound,
        RequestClause::NumberText(wanted) => text(Some(&request.number.to_string()), wanted),
        RequestClause::Status(states) => states.iter().any(|wanted| state(request, *wanted)),
        RequestClause::Type(types) => types.iter().any(|wanted| operation(&request.details, *wanted)),
        RequestClause::Requester(users) => person(tables, request.originator, users)?,
        RequestClause::Beneficiary(users) => any(request.beneficiaries(), |user| person(tables, *user, users))?,
        RequestClause::Created(wanted) => time(Some(request.created), *wanted),
        RequestClause::Ended(wanted) => time(request.state.ended(), *wanted),
        RequestClause::Justification(wanted) => text(request.justification.as_deref(), wanted),
        RequestClause::TargetType(wanted) => has_target(&request.details, *wanted),
    })
}

/// Whether a clause holds of a task of `of`.
pub(crate) fn task(tables: &Tables, of: &Request, task: &ApprovalTask, clause: &TaskClause) -> Result<bool> {
    Ok(match clause {
        TaskClause::Task(id) => task.id == *id,
        TaskClause::State(states) => states.contains(&task.state),
        TaskClause::Title(wanted) => text(Some(&task.title), wanted),
        TaskClause::Assignee(principal) => task.assignee == *principal,
        TaskClause::AssigneeName(wanted) => {
            let name = directory::name(tables, task.assignee)?;
            text(name.as_ref().map(|name| name.text()), wanted)
        }
        TaskClause::AcquiredBy(users) => match task.acquired_by {
            Some(claimer) => person(tables, claimer, users)?,
            None => false,
        },
        TaskClause::Acquired(acquired) => task.acquired_by.is_some() == *acquired,
        TaskClause::Created(wanted) => time(Some(task.created), *wanted),
        TaskClause::Expires(wanted) => time(task.expires, *wanted),
        TaskClause::Request(clause) => request(tables, of, clause)?,
    })
}

/// Letters have no case; what is absent meets nothing.
fn text(value: Option<&str>, wanted: &TextMatch) -> bool {
    let Some(value) = value.map(str::to_lowercase) else { return false };
    match wanted {
        TextMatch::Equals(text) => value == text.to_lowercase(),
        TextMatch::Contains(text) => value.contains(&text.to_lowercase()),
        TextMatch::Begins(text) => value.starts_with(&text.to_lowercase()),
        TextMatch::Ends(text) => value.ends_with(&text.to_lowercase()),
        TextMatch::Present => true,
    }
}

fn time(value: Option<Timestamp>, wanted: TimeMatch) -> bool {
    let Some(value) = value else { return false };
    match wanted {
        TimeMatch::Within(from, until) => from <= value && value < until,
        TimeMatch::Before(bound) => value < bound,
        TimeMatch::From(bound) => value >= bound,
        TimeMatch::Present => true,
    }
}

/// Whether the user is one of `wanted`.
fn person(tables: &Tables, user: UserId, wanted: &[UserMatch]) -> Result<bool> {
    let stored = || tables.users.get(user.as_uuid());
    any(wanted, |wanted| match wanted {
        UserMatch::Id(id) => Ok(user == *id),
        UserMatch::Number(number) => Ok(stored()?.is_some_and(|stored| stored.number == *number)),
        UserMatch::Login(login) => Ok(stored()?.is_some_and(|stored| text(Some(stored.login.as_str()), login))),
    })
}

fn state(request: &Request, wanted: StatusMatch) -> bool {
    let particulars = match request.state {
        RequestState::Approved { by } => (Some(by), None),
        RequestState::Executing { fulfilment } => (None, Some(fulfilment)),
        _ => (None, None),
    };
    request.status() == wanted.status
        && wanted.certificate.is_none_or(|certificate| request.certificate().is_some() == certificate)
        && (wanted.approved_by.is_none() || wanted.approved_by == particulars.0)
        && (wanted.fulfilment.is_none() || wanted.fulfilment == particulars.1)
}

fn operation(details: &RequestDetails, wanted: TypeMatch) -> bool {
    match (details, wanted) {
        (RequestDetails::Access(access), TypeMatch::Access(operation)) => access.operation == operation,
        (RequestDetails::Certificate(certificate), TypeMatch::Certificate(operation)) => {
            certificate.operation == operation
        }
        _ => false,
    }
}

/// A certificate request has its template as its only target.
fn has_target(details: &RequestDetails, wanted: EntityType) -> bool {
    match details {
        RequestDetails::Access(access) => access.targets.iter().any(|target| target.entity_type == wanted),
        RequestDetails::Certificate(_) => wanted == EntityType::ProfileTemplate,
    }
}
