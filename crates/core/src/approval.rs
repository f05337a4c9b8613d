//! Approvals: stages in sequence, tasks for users or groups, votes of people.

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
    /// Who will be asked when the stage begins; empty once it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<PrincipalId>,
    /// The tasks; empty until the stage begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ApprovalTask>,
}

const fn one() -> u16 {
    1
}

impl ApprovalTask {
    /// Who has the task among their own: the claimer, or the assignee while nobody claimed it.
    pub fn holder(&self) -> PrincipalId {
        self.acquired_by.map_or(self.assignee, PrincipalId::from)
    }
}

/// The rules of `stages` that their types cannot say.
pub(crate) fn stage_faults(stages: &[Stage]) -> Vec<Invalid> {
    let mut faults = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
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
        if stage.planned.is_empty() == stage.tasks.is_empty() {
            fault("tasks", "a stage has either tasks (begun) or planned approvers (not begun)");
        }
        for (n, task) in stage.tasks.iter().enumerate() {
            if !ids.insert(task.id) {
                fault(&format!("tasks[{n}].id"), "names two tasks");
            }
            if task.title.trim().is_empty() {
                fault(&format!("tasks[{n}].title"), "must not be empty");
            }
            let voters: std::collections::BTreeSet<_> = task.votes.iter().map(|vote| vote.voter).collect();
            if voters.len() != task.votes.len() {
                fault(&format!("tasks[{n}].votes"), "a person votes once on a task");
            }
        }
    }
    faults
}
