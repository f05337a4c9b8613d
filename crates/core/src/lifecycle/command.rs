//! What can be asked of a request.

use serde::{Deserialize, Serialize};

use crate::approval::Stage;
use crate::catalog::{EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::ids::{PrincipalId, ProfileId, SmartcardId, TaskId};
use crate::request::{FormValue, Outcome};

/// Which task a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskRef {
    /// This one.
    Id(TaskId),
    /// The first that the actor can act on: lowest stage, then oldest (`spec/oig-requests.md` H-13).
    First,
}

/// An answer to a question of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The question, without regard to case.
    pub name: String,
    /// The answer.
    pub value: String,
}

/// A vote as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// On which task.
    pub task: TaskRef,
    /// Why.
    pub comment: Option<String>,
    /// The content revision that the voter saw; `None` is the present one.
    pub seen: Option<i64>,
    /// The approver's answers.
    pub answers: Vec<Answer>,
}

/// New values for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetEdit {
    /// The target's type …
    pub entity_type: EntityType,
    /// … and key.
    pub entity_key: EntityKey,
    /// From when; `None` leaves it.
    pub start: Option<Timestamp>,
    /// Until when; `None` leaves it.
    pub end: Option<Timestamp>,
    /// Values of the form; names that are not here keep theirs.
    pub form: Vec<FormValue>,
}

/// New values for what a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// Why; `None` leaves it.
    pub justification: Option<String>,
    /// Targets with their new values.
    pub targets: Vec<TargetEdit>,
    /// Answers to the policy's questions.
    pub answers: Vec<Answer>,
}

/// Something that is asked of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    /// Hand a draft in, with the approval that it needs; begin the approval of a new request.
    Submit {
        /// The stages that a draft must pass; none is approved automatically. A new request has its
        /// own.
        stages: Vec<Stage>,
    },
    /// Change what is asked for.
    Edit(Edit),
    /// Say yes.
    Approve(Decision),
    /// Say no.
    Reject(Decision),
    /// Take a group's task.
    Claim {
        /// Which.
        task: TaskRef,
    },
    /// Give a claimed task back.
    Release {
        /// Which.
        task: TaskRef,
    },
    /// Give a task to others.
    Reassign {
        /// Which.
        task: TaskRef,
        /// To whom.
        to: Vec<PrincipalId>,
        /// Why.
        comment: Option<String>,
    },
    /// Let somebody else decide too.
    Delegate {
        /// Which.
        task: TaskRef,
        /// To whom.
        to: Vec<PrincipalId>,
        /// Why.
        comment: Option<String>,
    },
    /// Give a task to the manager of whoever has it.
    Escalate {
        /// Which.
        task: TaskRef,
        /// Why.
        comment: Option<String>,
    },
    /// Put a task aside.
    Suspend {
        /// Which.
        task: TaskRef,
        /// Why.
        comment: Option<String>,
    },
    /// Take a task up again.
    Resume {
        /// Which.
        task: TaskRef,
        /// Why.
        comment: Option<String>,
    },
    /// Save a remark, answers and changes of content with a task.
    Save {
        /// Which.
        task: TaskRef,
        /// The remark.
        comment: Option<String>,
        /// What changes.
        edit: Edit,
    },
    /// Ask others first.
    CreateSubtask {
        /// Which task waits.
        task: TaskRef,
        /// Whom to ask.
        to: Vec<PrincipalId>,
        /// Why.
        comment: Option<String>,
    },
    /// Go on without a task's decision.
    Skip {
        /// Which.
        task: TaskRef,
        /// Why.
        comment: Option<String>,
    },
    /// Take the request back while its approval is open (decision 11); a draft is thrown away.
    Withdraw {
        /// Why.
        reason: Option<String>,
    },
    /// Take a certificate request back, while it is carried out too (decision 11).
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// End a request as administrator.
    Close {
        /// Why.
        reason: Option<String>,
    },
    /// Give up on an approved certificate request.
    Abandon {
        /// Why.
        reason: Option<String>,
    },
    /// Begin to carry a certificate request out.
    Begin,
    /// Bind a profile or card that carrying it out made.
    Bind {
        /// The profile.
        profile: Option<ProfileId>,
        /// The card.
        smartcard: Option<SmartcardId>,
    },
    /// Say that it has been carried out.
    Complete,
    /// Say that it cannot be carried out.
    Fail {
        /// Why.
        reason: String,
    },
    /// Say that carrying it out did not work, and may later.
    Stumble {
        /// Why.
        reason: String,
    },
    /// Try again to carry it out.
    Retry,
    /// A deadline or a start date has come: do what is due at present.
    Wake,
    /// The request that this one depends on is over: go on, or fail.
    DependencyEnded,
    /// Every child is over, so many in each way (in the order of [`Outcome::ALL`]).
    ChildrenEnded {
        /// How many ended how.
        ended: [i64; Outcome::ALL.len()],
    },
    /// Count anew who may vote in the open stage: after whatever changes that, a vote among it, for a
    /// proxy's uses up two people.
    Recount,
}

coded_enum! {
    /// A command without its particulars.
    pub enum CommandKind {
        /// [`Command::Submit`].
        Submit = 1 "submit",
        /// [`Command::Edit`].
        Edit = 2 "edit",
        /// [`Command::Approve`].
        Approve = 3 "approve",
        /// [`Command::Reject`].
        Reject = 4 "reject",
        /// [`Command::Claim`].
        Claim = 5 "claim",
        /// [`Command::Release`].
        Release = 6 "release",
        /// [`Command::Reassign`].
        Reassign = 7 "reassign",
        /// [`Command::Delegate`].
        Delegate = 8 "delegate",
        /// [`Command::Escalate`].
        Escalate = 9 "escalate",
        /// [`Command::Suspend`].
        Suspend = 10 "suspend",
        /// [`Command::Resume`].
        Resume = 11 "resume",
        /// [`Command::Save`].
        Save = 12 "save",
        /// [`Command::CreateSubtask`].
        CreateSubtask = 13 "createSubtask",
        /// [`Command::Skip`].
        Skip = 14 "skip",
        /// [`Command::Withdraw`].
        Withdraw = 15 "withdraw",
        /// [`Command::Cancel`].
        Cancel = 16 "cancel",
        /// [`Command::Close`].
        Close = 17 "close",
        /// [`Command::Abandon`].
        Abandon = 18 "abandon",
        /// [`Command::Begin`].
        Begin = 19 "begin",
        /// [`Command::Bind`].
        Bind = 20 "bind",
        /// [`Command::Complete`].
        Complete = 21 "complete",
        /// [`Command::Fail`].
        Fail = 22 "fail",
        /// [`Command::Stumble`].
        Stumble = 23 "stumble",
        /// [`Command::Retry`].
        Retry = 24 "retry",
        /// [`Command::Wake`].
        Wake = 25 "wake",
        /// [`Command::DependencyEnded`].
        DependencyEnded = 26 "dependencyEnded",
        /// [`Command::ChildrenEnded`].
        ChildrenEnded = 27 "childrenEnded",
        /// [`Command::Recount`].
        Recount = 28 "recount",
    }
}

impl Command {
    /// The command without its particulars.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Submit { .. } => CommandKind::Submit,
            Self::Edit(_) => CommandKind::Edit,
            Self::Approve(_) => CommandKind::Approve,
            Self::Reject(_) => CommandKind::Reject,
            Self::Claim { .. } => CommandKind::Claim,
            Self::Release { .. } => CommandKind::Release,
            Self::Reassign { .. } => CommandKind::Reassign,
            Self::Delegate { .. } => CommandKind::Delegate,
            Self::Escalate { .. } => CommandKind::Escalate,
            Self::Suspend { .. } => CommandKind::Suspend,
            Self::Resume { .. } => CommandKind::Resume,
            Self::Save { .. } => CommandKind::Save,
            Self::CreateSubtask { .. } => CommandKind::CreateSubtask,
            Self::Skip { .. } => CommandKind::Skip,
            Self::Withdraw { .. } => CommandKind::Withdraw,
            Self::Cancel { .. } => CommandKind::Cancel,
            Self::Close { .. } => CommandKind::Close,
            Self::Abandon { .. } => CommandKind::Abandon,
            Self::Begin => CommandKind::Begin,
            Self::Bind { .. } => CommandKind::Bind,
            Self::Complete => CommandKind::Complete,
            Self::Fail { .. } => CommandKind::Fail,
            Self::Stumble { .. } => CommandKind::Stumble,
            Self::Retry => CommandKind::Retry,
            Self::Wake => CommandKind::Wake,
            Self::DependencyEnded => CommandKind::DependencyEnded,
            Self::ChildrenEnded { .. } => CommandKind::ChildrenEnded,
            Self::Recount => CommandKind::Recount,
        }
    }

    /// Whether the command judges the content: it is decided again after a lost race only while
    /// the content is the same (decision 9).
    pub const fn judges(&self) -> bool {
        matches!(self, Self::Approve(_) | Self::Reject(_))
    }
}
