//! What can happen to a request. An event says what was decided, with everything that
//! [`super::apply`] needs, so that replaying the events gives the request again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::{ApprovalTask, Staffing, TaskState, Vote};
use crate::clock::Timestamp;
use crate::event::EventKind;
use crate::ids::{PrincipalId, ProfileId, RequestId, Revision, SmartcardId, TaskId, UserId};
use crate::request::{ApprovedBy, Fulfilment, Outcome, Request, RequestDetails};

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RequestEvent {
    /// It came in whole, without a history of its own.
    Imported(Box<Request>),
    /// It was made, as a draft or submitted.
    Created(Box<Request>),
    /// The draft was submitted, with the approval that it needs.
    Submitted {
        /// The stages that it must pass.
        stages: Vec<crate::approval::Stage>,
    },
    /// What it asks for was edited.
    Edited {
        /// What it asks for now.
        details: Box<RequestDetails>,
        /// Why, now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<String>,
        /// Whether what an approver judges is another.
        content: bool,
    },
    /// A stage began.
    StageBegun {
        /// Which, from 0.
        stage: usize,
        /// The tasks that were made.
        tasks: Vec<ApprovalTask>,
        /// Whether there are enough people who may vote.
        staffing: Staffing,
    },
    /// Who may vote in the open stage was counted anew.
    Staffed {
        /// Which stage, from 0.
        stage: usize,
        /// The tasks that were added, for the administrators.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<ApprovalTask>,
        /// Whether there are enough people who may vote.
        staffing: Staffing,
    },
    /// Somebody voted. A claim ends with it.
    Voted {
        /// On which task.
        task: TaskId,
        /// The vote.
        vote: Vote,
        /// The task's state after that.
        state: TaskState,
    },
    /// A change of content voided the votes of a stage: whoever voted is asked again.
    VotesVoided {
        /// Which stage, from 0.
        stage: usize,
    },
    /// A task was claimed.
    Claimed {
        /// Which.
        task: TaskId,
        /// By whom.
        by: UserId,
    },
    /// A claim was given up.
    Released {
        /// Of which task.
        task: TaskId,
    },
    /// A task went to others: the first takes it over, further ones get tasks of their own.
    Reassigned {
        /// Which.
        task: TaskId,
        /// To whom.
        assignee: PrincipalId,
        /// The tasks of the further ones.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        further: Vec<ApprovalTask>,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task was delegated: the assignee keeps it too.
    Delegated {
        /// Which.
        task: TaskId,
        /// To whom.
        delegate: PrincipalId,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task went to the manager of whoever had it, else to the administrators.
    Escalated {
        /// Which.
        task: TaskId,
        /// To whom.
        assignee: PrincipalId,
        /// Its deadline after that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task was put aside: its deadline stands still.
    Suspended {
        /// Which.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task was taken up again.
    Resumed {
        /// Which.
        task: TaskId,
        /// Its deadline after that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A remark was saved with a task.
    Saved {
        /// Which.
        task: TaskId,
        /// The remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task was given tasks that it waits for.
    SubtaskCreated {
        /// Which waits.
        task: TaskId,
        /// For which.
        subtasks: Vec<ApprovalTask>,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task was skipped: it counts as decided without a vote.
    Skipped {
        /// Which.
        task: TaskId,
        /// The remark that came with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// A task's deadline passed.
    Expired {
        /// Which.
        task: TaskId,
    },
    /// A task's deadline began anew.
    Renewed {
        /// Which.
        task: TaskId,
        /// The new deadline.
        expires: Timestamp,
    },
    /// A task ended with its stage or its request.
    TaskEnded {
        /// Which.
        task: TaskId,
        /// In which state.
        state: TaskState,
    },
    /// The request was approved.
    Approved {
        /// How.
        by: ApprovedBy,
    },
    /// The request split into child requests.
    Split {
        /// How many.
        children: usize,
    },
    /// The request waits for another.
    Waiting {
        /// Which.
        on: RequestId,
    },
    /// The request waits for its start date.
    Scheduled {
        /// The date.
        until: Timestamp,
    },
    /// The request began to be carried out.
    Begun {
        /// By whom.
        fulfilment: Fulfilment,
    },
    /// A profile, or a card, was bound to the request.
    Bound {
        /// The profile.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<ProfileId>,
        /// The card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        smartcard: Option<SmartcardId>,
    },
    /// Carrying it out failed, and can be tried again.
    Stumbled {
        /// Why.
        reason: String,
    },
    /// Carrying it out is tried again.
    Retried {},
    /// The request ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
        /// Why, where somebody or something said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

impl RequestEvent {
    /// What kind of change it is, as the stored event calls it.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Imported(_) => EventKind::Imported,
            Self::Created(_) => EventKind::Created,
            Self::Submitted { .. } => EventKind::Submitted,
            Self::Edited { .. } => EventKind::Edited,
            Self::StageBegun { .. } => EventKind::StageBegun,
            Self::Staffed { .. } => EventKind::Staffed,
            Self::Voted { .. } => EventKind::Voted,
            Self::VotesVoided { .. } => EventKind::VotesVoided,
            Self::Claimed { .. } => EventKind::Claimed,
            Self::Released { .. } => EventKind::Released,
            Self::Reassigned { .. } => EventKind::Reassigned,
            Self::Delegated { .. } => EventKind::Delegated,
            Self::Escalated { .. } => EventKind::Escalated,
            Self::Suspended { .. } => EventKind::Suspended,
            Self::Resumed { .. } => EventKind::Resumed,
            Self::Saved { .. } => EventKind::Saved,
            Self::SubtaskCreated { .. } => EventKind::SubtaskCreated,
            Self::Skipped { .. } => EventKind::Skipped,
            Self::Expired { .. } => EventKind::Expired,
            Self::Renewed { .. } => EventKind::Renewed,
            Self::TaskEnded { .. } => EventKind::TaskEnded,
            Self::Approved { .. } => EventKind::Approved,
            Self::Split { .. } => EventKind::Split,
            Self::Waiting { .. } => EventKind::Waiting,
            Self::Scheduled { .. } => EventKind::Scheduled,
            Self::Begun { .. } => EventKind::Begun,
            Self::Bound { .. } => EventKind::Bound,
            Self::Stumbled { .. } => EventKind::Stumbled,
            Self::Retried { .. } => EventKind::Retried,
            Self::Ended { .. } => EventKind::Ended,
        }
    }

    /// The event's data, as it is sealed.
    pub fn data(&self) -> Value {
        let mut whole = crate::event::state_data(self);
        whole.get_mut("data").map_or_else(|| Value::Object(serde_json::Map::new()), Value::take)
    }

    /// The same with the revision that the request has after the commit of the event, which no
    /// other member tells.
    pub fn data_at(&self, revision: Revision) -> Value {
        let mut data = self.data();
        if let Value::Object(members) = &mut data {
            members.insert("revision".to_owned(), revision.0.into());
        }
        data
    }
}
