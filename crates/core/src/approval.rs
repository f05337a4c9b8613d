//! Approvals: stages in sequence, tasks for users or groups, votes of people.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::error::Invalid;
use crate::ids::{PrincipalId, TaskId, UserId};

coded_enum! {
    /// The state of an approval task (`spec/oig-requests.md` C.4).
    pub enum TaskState {
        /// Waits for somebody's decision.
        Assigned = 1 "assigned",
        /// Decided.
        Completed = 2 "completed",
        /// Put aside; its deadline stands still.
        Suspended = 3 "suspended",
        /// Ended with its request.
        Withdrawn = 4 "withdrawn",
        /// Ended by its deadline.
        Expired = 5 "expired",
        /// Ended by a fault.
        Errored = 6 "errored",
        /// Marked for an administrator.
        Alerted = 7 "alerted",
        /// Waits for the requester's answer.
        InformationRequired = 8 "informationRequired",
    }
}

impl TaskState {
    /// Whether the task still waits for somebody.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Assigned | Self::Suspended | Self::Alerted | Self::InformationRequired)
    }
}

coded_enum! {
    /// What a voter said.
    pub enum VoteOutcome {
        /// Yes.
        Approve = 1 "approve",
        /// No.
        Deny = 2 "deny",
    }
}

/// One person's word on one task. Votes count people, never rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vote {
    /// Who voted.
    pub voter: UserId,
    /// For whom the voter stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub represented: Option<UserId>,
    /// What was said.
    pub outcome: VoteOutcome,
    /// When.
    pub at: Timestamp,
    /// The content that the voter saw: the request's content revision.
    pub content_revision: i64,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

coded_enum! {
    /// What happens when a task's deadline passes without a decision.
    pub enum DeadlineAction {
        /// The task expires and the request is denied.
        Expire = 1 "expire",
        /// The task goes to the manager of whoever has it; without one, to the administrators.
        Escalate = 2 "escalate",
        /// The deadline begins anew, as often as the renewals say; then the task expires.
        Renew = 3 "renew",
    }
}

/// How long the tasks of a stage may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deadline {
    /// So many seconds after a task is made.
    pub seconds: u32,
    /// What happens then.
    pub then: DeadlineAction,
    /// How often the deadline begins anew, where it is renewed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub renewals: u16,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

coded_enum! {
    /// Whether a stage has enough people who may vote (decision 5).
    pub enum Staffing {
        /// Enough of those whom the rule names.
        Enough = 1 "enough",
        /// Too few, so that the administrators were added.
        AdministratorsAdded = 2 "administratorsAdded",
        /// Too few even with the administrators, who alone can help.
        NobodyEligible = 3 "nobodyEligible",
    }
}

const fn enough() -> Staffing {
    Staffing::Enough
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_enough(staffing: &Staffing) -> bool {
    matches!(staffing, Staffing::Enough)
}

/// A decision that waits for a user or for one of a group, or that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalTask {
    /// The task's GUID.
    pub id: TaskId,
    /// The line that approvers read in their inbox.
    pub title: String,
    /// The user or group that decides.
    pub assignee: PrincipalId,
    /// The state.
    pub state: TaskState,
    /// The member of the group who took the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_by: Option<UserId>,
    /// When the task was made.
    pub created: Timestamp,
    /// The deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Who may decide beside the assignee, who delegated to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<PrincipalId>,
    /// The task that waits for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// Since when it is put aside: its deadline stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Timestamp>,
    /// How often its deadline began anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub renewals: u16,
    /// The votes, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
}

/// One step of an approval: enough of its tasks must be approved before the next begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    /// The name that OIG prints (`composite.task.participant`). Data, not computed.
    pub name: String,
    /// The index that OIG prints. Data, not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i32>,
    /// How many different people must approve.
    #[serde(default = "one")]
    pub quorum: u16,
    /// The line that approvers will read in their inbox; empty in what was imported begun.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether the requester and those whom it is for may approve: off unless the policy says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_approval: bool,
    /// How long its tasks may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// Whether enough people may vote.
    #[serde(default = "enough", skip_serializing_if = "is_enough")]
    pub staffing: Staffing,
    /// Who will be asked when the stage begins; empty once it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<PrincipalId>,
    /// Whose managers will be asked too, whoever they are when the stage begins; empty once it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managers_of: Vec<UserId>,
    /// The tasks; empty until the stage begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ApprovalTask>,
}

const fn one() -> u16 {
    1
}

impl ApprovalTask {
    /// Who has the task among their own: the claimer, or the assignee and the delegate while
    /// nobody claimed it.
    pub fn holders(&self) -> impl Iterator<Item = PrincipalId> {
        let claimer = self.acquired_by.map(PrincipalId::from);
        let (assignee, delegate) = match claimer {
            Some(_) => (claimer, None),
            None => (Some(self.assignee), self.delegate.filter(|delegate| *delegate != self.assignee)),
        };
        assignee.into_iter().chain(delegate)
    }
}

impl Stage {
    /// Whether its tasks were made.
    pub const fn has_begun(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Whether it says who will be asked.
    pub const fn is_planned(&self) -> bool {
        !self.planned.is_empty() || !self.managers_of.is_empty()
    }

    /// Whom it will ask, each once, by what is known of managers.
    pub fn asked(&self, manager: impl Fn(UserId) -> Option<PrincipalId>) -> Vec<PrincipalId> {
        let managers = self.managers_of.iter().filter_map(|user| manager(*user));
        let mut asked = Vec::with_capacity(self.planned.len());
        for principal in self.planned.iter().copied().chain(managers) {
            if !asked.contains(&principal) {
                asked.push(principal);
            }
        }
        asked
    }

    /// Whether it has begun and is not over.
    pub fn is_open(&self) -> bool {
        self.tasks.iter().any(|task| task.state.is_open())
    }

    /// Every vote on its tasks.
    pub fn votes(&self) -> impl Iterator<Item = &Vote> {
        self.tasks.iter().flat_map(|task| &task.votes)
    }
}

/// The rules of `stages` that their types cannot say.
pub(crate) fn stage_faults(stages: &[Stage]) -> Vec<Invalid> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for (at, stage) in stages.iter().enumerate() {
        let mut fault = |member: &str, reason: &str| {
            faults.push(Invalid::new(format!("stages[{at}].{member}"), reason));
        };
        if stage.name.trim().is_empty() {
            fault("name", "must not be empty");
        }
        if stage.quorum == 0 {
            fault("quorum", "must be at least 1");
        }
        if stage.is_planned() == stage.has_begun() {
            fault("tasks", "a stage has either tasks (begun) or planned approvers (not begun)");
        }
        for (n, task) in stage.tasks.iter().enumerate() {
            if !ids.insert(task.id) {
                fault(&format!("tasks[{n}].id"), "names two tasks");
            }
            if task.title.trim().is_empty() {
                fault(&format!("tasks[{n}].title"), "must not be empty");
            }
            let voters: BTreeSet<_> = task.votes.iter().map(|vote| vote.voter).collect();
            if voters.len() != task.votes.len() {
                fault(&format!("tasks[{n}].votes"), "a person votes once on a task");
            }
        }
    }
    faults
}
