//! The actions of PUT (`spec/oig-requests.md` A.8), and what they ask of a request.

use countersign_core::catalog::EntityType;
use countersign_core::ids::{GroupId, PrincipalId, UserId, parse_guid};
use countersign_core::lifecycle::{Answer, Command, Decision, Edit, TaskRef};
use countersign_core::service::PrincipalKey;

use super::convert_write::edit;
use super::wire_write::{Assignee, Text, UpdateRequest};
use crate::dialect::Fault;

/// What an element of PUT asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A command.
    Do(Command),
    /// A command that gives a task to others, who are looked up first.
    Give(Giving, Vec<PrincipalKey>),
    /// Another content, of whoever asked or of an approver.
    Edit {
        /// The approver's task.
        task: TaskRef,
        /// The approver's remark.
        comment: Option<String>,
        /// What changes.
        edit: Edit,
    },
}

/// A command that gives a task to others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Giving {
    way: Way,
    task: TaskRef,
    comment: Option<String>,
}

/// In which way a task is given to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Reassign,
    Delegate,
    CreateSubtask,
}

impl Giving {
    /// The command that gives it to `to`.
    pub(super) fn to(self, to: Vec<PrincipalId>) -> Command {
        let Self { way, task, comment } = self;
        match way {
            Way::Reassign => Command::Reassign { task, to, comment },
            Way::Delegate => Command::Delegate { task, to, comment },
            Way::CreateSubtask => Command::CreateSubtask { task, to, comment },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Approve,
    Reject,
    Claim,
    Release,
    Give(Way),
    Escalate,
    Suspend,
    Resume,
    Save,
    SkipAssignment,
    Withdraw,
    Close,
    Submit,
}

/// The documents' actions, and two more: DELEGATE, which the product's pages have, and SUBMIT (`spec/oig-requests.md` H-14).
const ACTIONS: [(&str, Action); 15] = [
    ("APPROVE", Action::Approve),
    ("REJECT", Action::Reject),
    ("CLAIM", Action::Claim),
    ("RELEASE", Action::Release),
    ("REASSIGN", Action::Give(Way::Reassign)),
    ("DELEGATE", Action::Give(Way::Delegate)),
    ("ESCALATE", Action::Escalate),
    ("SUSPEND", Action::Suspend),
    ("RESUME", Action::Resume),
    ("SAVE", Action::Save),
    ("CREATESUBTASK", Action::Give(Way::CreateSubtask)),
    ("SKIPASSIGNMENT", Action::SkipAssignment),
    ("WITHDRAW", Action::Withdraw),
    ("CLOSE", Action::Close),
    ("SUBMIT", Action::Submit),
];

impl Action {
    fn read(word: &str) -> Result<Self, Fault> {
        let known = ACTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
        known.map(|(_, action)| *action).ok_or_else(|| {
            let names = ACTIONS.map(|(name, _)| name).join(", ");
            Fault::invalid("action", format!("must be one of {names}"))
        })
    }

    /// Whether a change of data can come with it.
    const fn takes_data(self) -> bool {
        matches!(self, Self::Approve | Self::Reject | Self::Save)
    }
}

/// What an element of PUT asks for: an action, or without one an edit.
pub(super) fn asked(element: &UpdateRequest) -> Result<Asked, Fault> {
    let task = task(element.task_id.as_deref())?;
    let comment = element.action_comment.clone().filter(|text| !text.is_empty());
    let edit = edit(element)?;
    let Some(word) = &element.action else {
        if edit == Edit::default() {
            return Err(Fault::invalid("action", "is missing, and there is nothing to edit either"));
        }
        unused("assignees", assignees(element), "an edit takes none")?;
        return Ok(Asked::Edit { task, comment, edit });
    };
    let action = Action::read(word)?;
    if !matches!(action, Action::Give(_)) {
        unused("assignees", assignees(element), "this action takes none")?;
    }
    if !action.takes_data() {
        let reason = "this action changes no data: leave the action out, or SAVE first";
        unused("reqTargetEntities", &edit.targets, reason)?;
        unused("reqJustification", edit.justification.as_slice(), reason)?;
    }
    Ok(Asked::Do(match action {
        Action::Give(way) => {
            let keys = assignees(element).iter().enumerate().map(|(at, assignee)| principal(at, assignee));
            return Ok(Asked::Give(Giving { way, task, comment }, keys.collect::<Result<_, _>>()?));
        }
        Action::Approve => Command::Approve(decision(task, comment, edit)?),
        Action::Reject => Command::Reject(decision(task, comment, edit)?),
        Action::Claim => Command::Claim { task },
        Action::Release => Command::Release { task },
        Action::Escalate => Command::Escalate { task, comment },
        Action::Suspend => Command::Suspend { task, comment },
        Action::Resume => Command::Resume { task, comment },
        Action::Save => Command::Save { task, comment, edit },
        Action::SkipAssignment => Command::Skip { task, comment },
        Action::Withdraw => Command::Withdraw { reason: comment },
        Action::Close => Command::Close { reason: comment },
        Action::Submit => Command::Submit { stages: Vec::new() },
    }))
}

/// Who decides may answer the approver's questions with it. Anything else that changes what is
/// decided has to be saved first, and seen.
fn decision(task: TaskRef, comment: Option<String>, edit: Edit) -> Result<Decision, Fault> {
    let saved_first = |field: &str| Err(Fault::invalid(field, "is saved before the decision, with the action SAVE"));
    if edit.justification.is_some() {
        return saved_first("reqJustification");
    }
    let mut answers = Vec::new();
    for (at, target) in edit.targets.into_iter().enumerate() {
        if target.entity_type != EntityType::ProfileTemplate || target.start.is_some() || target.end.is_some() {
            return saved_first(&format!("reqTargetEntities[{at}]"));
        }
        answers.extend(target.form.into_iter().map(|entry| Answer { name: entry.name, value: entry.value }));
    }
    Ok(Decision { task, comment, seen: None, answers })
}

fn task(id: Option<&str>) -> Result<TaskRef, Fault> {
    match id.filter(|id| !id.is_empty()) {
        None => Ok(TaskRef::First),
        Some(id) => {
            let guid = parse_guid(id).ok_or_else(|| Fault::invalid("taskId", "must be the GUID of a task"))?;
            Ok(TaskRef::Id(guid.into()))
        }
    }
}

fn assignees(element: &UpdateRequest) -> &[Assignee] {
    element.assignees.as_deref().unwrap_or_default()
}

/// What is sent for nothing would be lost unseen.
fn unused<T>(member: &str, sent: &[T], reason: &str) -> Result<(), Fault> {
    if sent.is_empty() { Ok(()) } else { Err(Fault::invalid(member, reason)) }
}

/// By which of its names an assignee is meant; of two, one would not count.
fn principal(at: usize, assignee: &Assignee) -> Result<PrincipalKey, Fault> {
    let place = format!("assignees[{at}]");
    let group = match assignee.r#type.as_deref() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("user") => false,
        Some(word) if word.eq_ignore_ascii_case("group") || word.eq_ignore_ascii_case("role") => true,
        Some(_) => return Err(Fault::invalid(&format!("{place}.type"), "must be user, group or role")),
    };
    match (&assignee.name, &assignee.user_login, &assignee.id) {
        (Some(name), None, None) if group => Ok(PrincipalKey::GroupName(name.clone())),
        (Some(login), None, None) => Ok(PrincipalKey::Login(login.clone())),
        (None, Some(login), None) if !group => Ok(PrincipalKey::Login(login.clone())),
        (None, None, Some(id)) => by_id(id, group).ok_or_else(|| {
            let reason = if group { "must be the GUID of a group" } else { "must be the number of a user" };
            Fault::invalid(&format!("{place}.id"), reason)
        }),
        (None, None, None) => Err(Fault::invalid(&place, "must have a name, an id or a userLogin")),
        _ => Err(Fault::invalid(&place, "must have one of name, id and userLogin, and userLogin is a user's")),
    }
}

fn by_id(Text(id): &Text, group: bool) -> Option<PrincipalKey> {
    if group {
        return parse_guid(id).map(|id| PrincipalKey::Group(GroupId::from(id)));
    }
    let number = id.parse().ok().map(PrincipalKey::Number);
    number.or_else(|| parse_guid(id).map(|id| PrincipalKey::User(UserId::from(id))))
}

#[cfg(test)]
#[path = "action_tests.rs"]
mod tests;
