//! The one transition table: from which states a command means something, and to which it can
//! lead. [`super::decide`] asks it first, and `docs/lifecycle.md` is made from it.

use super::command::CommandKind;
use crate::request::RequestStatus;

/// What a command can do from some states. A command has several of these where it leads elsewhere
/// from one state than from another.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// The command.
    pub command: CommandKind,
    /// From each of these states …
    pub from: &'static [RequestStatus],
    /// … to each of these; the same state among them when the request can stay where it is.
    pub to: &'static [RequestStatus],
    /// Who may, in words.
    pub by: &'static str,
}

use CommandKind as C;
use RequestStatus::{
    Approved, AwaitingChildren, AwaitingDependency, Canceled, Closed, Completed, Denied, Draft, Executing, Failed,
    PartiallyFailed, Pending, Scheduled, Submitted,
};

/// Where a request can be once nothing of its approval is left.
const AFTER_APPROVAL: &[RequestStatus] =
    &[Approved, AwaitingChildren, AwaitingDependency, Scheduled, Executing, Completed, Failed];
/// Where a request can be once some of its approval is done, or none was needed.
const AFTER_A_STEP: &[RequestStatus] =
    &[Pending, Approved, AwaitingChildren, AwaitingDependency, Scheduled, Executing, Completed, Failed];
const AFTER_WAITING: &[RequestStatus] = &[AwaitingDependency, Scheduled, Executing, Completed, Failed];
const AFTER_THE_START: &[RequestStatus] = &[Scheduled, Executing, Completed];
const AFTER_CHILDREN: &[RequestStatus] = &[Completed, PartiallyFailed, Failed, Denied, Canceled, Closed];
const NOT_OVER: &[RequestStatus] =
    &[Submitted, Pending, Approved, AwaitingChildren, AwaitingDependency, Scheduled, Executing];

const ORIGINATOR: &str = "originator";
const HOLDER: &str = "holder of the task";
const HOLDER_OR_ADMINISTRATOR: &str = "holder of the task, administrator";
const EXECUTOR: &str = "executor (certificate requests)";
const FULFILLER: &str = "fulfiller, administrator";
const WORKER: &str = "worker";

const fn transition(
    command: CommandKind,
    from: &'static [RequestStatus],
    to: &'static [RequestStatus],
    by: &'static str,
) -> Transition {
    Transition { command, from, to, by }
}

/// Every transition, in the order of the commands.
pub const TRANSITIONS: &[Transition] = &[
    transition(C::Submit, &[Draft], AFTER_A_STEP, ORIGINATOR),
    transition(C::Submit, &[Submitted], AFTER_A_STEP, "whoever makes the request, in the same commit"),
    transition(C::Edit, &[Draft], &[Draft], ORIGINATOR),
    transition(C::Edit, &[Pending], &[Pending], "originator, until the first vote"),
    transition(C::Approve, &[Pending], AFTER_A_STEP, HOLDER),
    transition(C::Reject, &[Pending], &[Pending, Denied], HOLDER),
    transition(C::Claim, &[Pending], &[Pending], HOLDER),
    transition(C::Release, &[Pending], &[Pending], "claimer, administrator, worker"),
    transition(C::Reassign, &[Pending], &[Pending], "holder of the task, the holder's manager, administrator, worker"),
    transition(C::Delegate, &[Pending], &[Pending], HOLDER),
    transition(C::Escalate, &[Pending], &[Pending], HOLDER_OR_ADMINISTRATOR),
    transition(C::Suspend, &[Pending], &[Pending], HOLDER_OR_ADMINISTRATOR),
    transition(C::Resume, &[Pending], &[Pending], HOLDER_OR_ADMINISTRATOR),
    transition(C::Save, &[Pending], &[Pending], HOLDER),
    transition(C::CreateSubtask, &[Pending], &[Pending], HOLDER),
    transition(C::Skip, &[Pending], AFTER_A_STEP, "administrator, but not of an own request"),
    transition(C::Withdraw, &[Draft, Pending], &[Canceled], "originator, administrator"),
    transition(
        C::Cancel,
        &[Pending, Approved, Executing],
        &[Canceled],
        "originator, target, administrator (certificate requests)",
    ),
    transition(C::Close, NOT_OVER, &[Closed], "administrator"),
    transition(C::Abandon, &[Approved, Executing], &[Failed], "executor, originator (certificate requests)"),
    transition(C::Begin, &[Approved, Executing], &[Executing], EXECUTOR),
    transition(C::Bind, &[Approved], &[Approved], EXECUTOR),
    transition(C::Bind, &[Executing], &[Executing], EXECUTOR),
    transition(
        C::Complete,
        &[Approved, Executing, Completed],
        &[Completed],
        "executor (certificate requests); fulfiller, administrator (access requests)",
    ),
    transition(C::Fail, &[Executing], &[Failed], FULFILLER),
    transition(C::Stumble, &[Executing], &[Executing], FULFILLER),
    transition(C::Retry, &[Executing], &[Executing, Completed], "administrator"),
    transition(C::Wake, &[Pending], &[Pending, Denied], WORKER),
    transition(C::Wake, &[Scheduled], AFTER_THE_START, WORKER),
    transition(C::DependencyEnded, &[AwaitingDependency], AFTER_WAITING, WORKER),
    transition(C::ChildrenEnded, &[AwaitingChildren], AFTER_CHILDREN, WORKER),
    transition(C::Recount, &[Pending], &[Pending], WORKER),
];

/// Whether the command means something in `status`.
pub fn allows(status: RequestStatus, command: CommandKind) -> bool {
    TRANSITIONS.iter().any(|transition| transition.command == command && transition.from.contains(&status))
}

/// Every state that a request can be in once its approval is over, for the diagram.
pub const fn after_approval() -> &'static [RequestStatus] {
    AFTER_APPROVAL
}
