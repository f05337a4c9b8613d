//! From what is sent about requests to what it asks for.

use countersign_core::approval::VoteOutcome;
use countersign_core::catalog::EntityKey;
use countersign_core::ids::{PrincipalId, UserNumber};
use countersign_core::lifecycle::{Answer, Command, Decision, Edit, TargetEdit, TaskRef};
use countersign_core::request::FormValue;
use countersign_core::service::{AccessOrder, Intent, Item, PrincipalKey, Report, UserKey};
use uuid::Uuid;

use super::read::time;
use super::wire::NamedValue;
use super::wire_write as wire;
use super::wire_write::{ActionName, FulfilmentOutcome};
use crate::dialect::Fault;

/// A user as one is named; a login has to be looked up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserName {
    /// By id or by number.
    Key(UserKey),
    /// By login.
    Login(String),
}

/// The users for whom a request is.
pub(super) fn users(users: &[wire::UserRef]) -> Result<Vec<UserName>, Fault> {
    users.iter().enumerate().map(|(at, user)| user_name(&format!("beneficiaries[{at}]"), user)).collect()
}

fn user_name(place: &str, user: &wire::UserRef) -> Result<UserName, Fault> {
    match (user.id, user.number, &user.login) {
        (Some(id), None, None) => Ok(UserName::Key(UserKey::Id(id.into()))),
        (None, Some(number), None) => Ok(UserName::Key(UserKey::Number(user_number(place, number)?))),
        (None, None, Some(login)) => Ok(UserName::Login(login.clone())),
        _ => Err(Fault::invalid(place, "must have one of id, number and login")),
    }
}

fn user_number(place: &str, number: i64) -> Result<UserNumber, Fault> {
    UserNumber::try_from(number).map_err(|reason| Fault::invalid(&format!("{place}.number"), reason.to_string()))
}

/// What a new request asks for, for `beneficiaries`.
pub(super) fn order(new: wire::NewRequest, beneficiaries: Vec<UserKey>) -> Result<AccessOrder, Fault> {
    let items = new.targets.into_iter().enumerate().map(|(at, target)| item(&format!("targets[{at}]"), target));
    Ok(AccessOrder {
        intent: match new.intent {
            None | Some(wire::Intent::Give) => Intent::Give,
            Some(wire::Intent::Take) => Intent::Take,
        },
        beneficiaries,
        items: items.collect::<Result<_, _>>()?,
        justification: new.justification.filter(|text| !text.is_empty()),
        draft: new.draft,
    })
}

fn item(place: &str, target: wire::NewTarget) -> Result<Item, Fault> {
    Ok(Item {
        entity_type: target.entity_type.0,
        entity_key: entity_key(place, target.entity_key)?,
        account: target.account,
        start: time(&format!("{place}.start"), target.start.as_deref())?,
        end: time(&format!("{place}.end"), target.end.as_deref())?,
        form: target.form.into_iter().map(form_value).collect(),
    })
}

fn entity_key(place: &str, key: String) -> Result<EntityKey, Fault> {
    EntityKey::try_from(key).map_err(|reason| Fault::invalid(&format!("{place}.entityKey"), reason))
}

fn form_value(NamedValue { name, value }: NamedValue) -> FormValue {
    FormValue { name, value }
}

fn answer(NamedValue { name, value }: NamedValue) -> Answer {
    Answer { name, value }
}

fn task(id: Option<Uuid>) -> TaskRef {
    id.map_or(TaskRef::First, |id| TaskRef::Id(id.into()))
}

/// An empty remark is none.
fn remark(comment: Option<String>) -> Option<String> {
    comment.filter(|text| !text.is_empty())
}

/// A decision on what the caller saw, if the caller says what that was.
pub(super) fn decision(sent: wire::Decision, seen: Option<i64>) -> Command {
    let decision = Decision {
        task: task(sent.task),
        comment: remark(sent.comment),
        seen,
        answers: sent.answers.into_iter().map(answer).collect(),
    };
    match sent.outcome.0 {
        VoteOutcome::Approve => Command::Approve(decision),
        VoteOutcome::Deny => Command::Reject(decision),
    }
}

/// What an action asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A command.
    Do(Command),
    /// A command that gives a task to others, who are looked up first.
    Give(Giving, Vec<PrincipalKey>),
    /// Another content of the caller's own request.
    Edit(Edit),
}

/// A command that gives a task to others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Giving {
    action: ActionName,
    task: TaskRef,
    comment: Option<String>,
}

impl Giving {
    /// The command that gives it to `to`.
    pub(super) fn to(self, to: Vec<PrincipalId>) -> Command {
        let Self { action, task, comment } = self;
        match action {
            ActionName::Delegate => Command::Delegate { task, to, comment },
            ActionName::CreateSubtask => Command::CreateSubtask { task, to, comment },
            _ => Command::Reassign { task, to, comment },
        }
    }
}

/// What an action asks for. Members that mean nothing with it are refused: they would be lost unseen.
pub(super) fn asked(sent: wire::Action) -> Result<Asked, Fault> {
    let name = sent.action;
    let gives = matches!(name, ActionName::Reassign | ActionName::Delegate | ActionName::CreateSubtask);
    let edits = matches!(name, ActionName::Save | ActionName::Edit);
    if !gives {
        unused("to", sent.to.is_empty())?;
    }
    if !edits {
        unused("justification", sent.justification.is_none())?;
        unused("targets", sent.targets.is_empty())?;
        unused("answers", sent.answers.is_empty())?;
    }
    if of_the_whole(name) {
        unused("task", sent.task.is_none())?;
    }
    if matches!(
        name,
        ActionName::Submit | ActionName::Retry | ActionName::Edit | ActionName::Claim | ActionName::Release
    ) {
        unused("comment", sent.comment.is_none())?;
    }
    let (task, comment) = (task(sent.task), remark(sent.comment));
    if gives {
        let to = sent.to.into_iter().enumerate().map(|(at, to)| principal(&format!("to[{at}]"), to));
        return Ok(Asked::Give(Giving { action: name, task, comment }, to.collect::<Result<_, _>>()?));
    }
    let edit = edit(sent.justification, sent.targets, sent.answers)?;
    Ok(match name {
        ActionName::Edit => Asked::Edit(edit),
        ActionName::Save => Asked::Do(Command::Save { task, comment, edit }),
        other => Asked::Do(command(other, task, comment)),
    })
}

fn command(name: ActionName, task: TaskRef, comment: Option<String>) -> Command {
    match name {
        ActionName::Claim => Command::Claim { task },
        ActionName::Release => Command::Release { task },
        ActionName::Escalate => Command::Escalate { task, comment },
        ActionName::Suspend => Command::Suspend { task, comment },
        ActionName::Resume => Command::Resume { task, comment },
        ActionName::Skip => Command::Skip { task, comment },
        ActionName::Withdraw => Command::Withdraw { reason: comment },
        ActionName::Cancel => Command::Cancel { reason: comment },
        ActionName::Close => Command::Close { reason: comment },
        ActionName::Retry => Command::Retry,
        _ => Command::Submit { stages: Vec::new() },
    }
}

/// Whether an action is about the request rather than a task.
const fn of_the_whole(name: ActionName) -> bool {
    matches!(
        name,
        ActionName::Edit
            | ActionName::Withdraw
            | ActionName::Cancel
            | ActionName::Close
            | ActionName::Submit
            | ActionName::Retry
    )
}

fn unused(member: &str, absent: bool) -> Result<(), Fault> {
    if absent { Ok(()) } else { Err(Fault::invalid(member, "means nothing with this action")) }
}

fn edit(
    justification: Option<String>,
    targets: Vec<wire::EditedTarget>,
    answers: Vec<NamedValue>,
) -> Result<Edit, Fault> {
    let target = |(at, target): (usize, wire::EditedTarget)| {
        let place = format!("targets[{at}]");
        Ok(TargetEdit {
            entity_type: target.entity_type.0,
            entity_key: entity_key(&place, target.entity_key)?,
            start: time(&format!("{place}.start"), target.start.as_deref())?,
            end: time(&format!("{place}.end"), target.end.as_deref())?,
            form: target.form.into_iter().map(form_value).collect(),
        })
    };
    let targets = targets.into_iter().enumerate().map(target).collect::<Result<_, Fault>>()?;
    Ok(Edit { justification, targets, answers: answers.into_iter().map(answer).collect() })
}

fn principal(place: &str, to: wire::PrincipalRef) -> Result<PrincipalKey, Fault> {
    match (to.id, to.number, to.login, to.group) {
        (Some(id), None, None, None) => Ok(PrincipalKey::Principal(id.into())),
        (None, Some(number), None, None) => Ok(PrincipalKey::Number(user_number(place, number)?)),
        (None, None, Some(login), None) => Ok(PrincipalKey::Login(login)),
        (None, None, None, Some(name)) => Ok(PrincipalKey::GroupName(name)),
        _ => Err(Fault::invalid(place, "must have one of id, number, login and group")),
    }
}

/// What is said of a request that is being carried out.
pub(super) fn report(sent: wire::FulfilmentReport) -> Result<Report, Fault> {
    let reason = remark(sent.reason);
    let why = |reason: Option<String>| reason.ok_or_else(|| Fault::invalid("reason", "must say why it did not work"));
    match sent.outcome {
        FulfilmentOutcome::Failed => Ok(Report::Failed { reason: why(reason)? }),
        FulfilmentOutcome::Stumbled => Ok(Report::Stumbled { reason: why(reason)? }),
        FulfilmentOutcome::Completed | FulfilmentOutcome::Retry if reason.is_some() => {
            Err(Fault::invalid("reason", "means nothing with this outcome"))
        }
        FulfilmentOutcome::Completed => Ok(Report::Completed),
        FulfilmentOutcome::Retry => Ok(Report::Retry),
    }
}

#[cfg(test)]
#[path = "convert_write_tests.rs"]
mod tests;
