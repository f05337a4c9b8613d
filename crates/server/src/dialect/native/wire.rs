//! What the native API prints of requests, people and tasks.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::{Channel, DataProvider, DeadlineAction, EntityType, Staffing, Status, TaskState, VoteOutcome};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeMe)]
pub(super) struct Me {
    /// The caller's GUID.
    pub(super) id: Uuid,
    /// The caller's number.
    pub(super) number: i64,
    /// The login.
    pub(super) login: String,
    /// The name that is shown to people.
    pub(super) display_name: String,
    /// The mail address.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    /// The caller's manager.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) manager: Option<Principal>,
    /// The groups that the caller is in, through groups too.
    pub(super) groups: Vec<Principal>,
    /// In whose place the caller decides at present.
    pub(super) represents: Vec<Principal>,
    /// Whether the caller is a system administrator.
    pub(super) administrator: bool,
}

/// A user or a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativePrincipal)]
pub(super) struct Principal {
    /// The GUID.
    pub(super) id: Uuid,
    /// Which of the two; absent if it is not there any more.
    #[schema(nullable = false)]
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<PrincipalType>,
    /// A user's number.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<i64>,
    /// A user's login, or a group's name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// A user's name as people know it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
}

/// Whether a principal is a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativePrincipalType)]
pub(super) enum PrincipalType {
    /// A user.
    User,
    /// A group.
    Group,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeRequest)]
pub(super) struct Request {
    /// The GUID.
    pub(super) id: Uuid,
    /// The number, by which OIG knows the request.
    pub(super) number: i64,
    /// How far it is.
    pub(super) status: Status,
    /// What it does, in the words of the request types: `Assign Roles`, `Enroll`.
    pub(super) operation: &'static str,
    /// The revision of what an approver judges; the ETag.
    pub(super) content_revision: i64,
    /// Who asked.
    pub(super) requester: Principal,
    /// For whom.
    pub(super) beneficiaries: Vec<Principal>,
    /// What access is asked for; empty for certificates.
    pub(super) targets: Vec<Target>,
    /// What certificates are asked for.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Certificate>,
    /// Why.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) justification: Option<String>,
    /// When it was submitted; a draft: made.
    #[schema(format = DateTime)]
    pub(super) created: String,
    /// When it last changed after that.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<String>,
    /// When it ended.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
    /// Why it failed, or what stands in the way of its being carried out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
    /// Through what it came in.
    pub(super) channel: Channel,
    /// The request whose child it is.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<Uuid>,
    /// The request that must end well before it goes on.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) depends_on: Option<Uuid>,
    /// Its approval, stage by stage. Lists leave it out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stages: Option<Vec<Stage>>,
    /// Its child requests. The request's own address alone shows them.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) children: Option<Vec<Child>>,
}

/// Something that is asked for, for each of the beneficiaries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeTarget)]
pub(super) struct Target {
    /// What kind of thing.
    pub(super) entity_type: EntityType,
    /// Its key among those of its type.
    pub(super) entity_key: String,
    /// Its name when it was asked for.
    pub(super) entity_name: String,
    /// The account that it is about: its number.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// From when.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<String>,
    /// Until when.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<String>,
    /// The form that was filled in.
    pub(super) form: Vec<NamedValue>,
}

/// A name with its value.
#[derive(Clone, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NativeNamedValue)]
pub(super) struct NamedValue {
    /// The field of a form, or the question.
    pub(super) name: String,
    /// What was entered.
    pub(super) value: String,
}

/// What a request for certificates is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeCertificate)]
pub(super) struct Certificate {
    /// The profile template.
    pub(super) template: Uuid,
    /// Its name. Lists leave it out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template_name: Option<String>,
    /// Whether it is about a smart card.
    pub(super) smartcard: bool,
    /// Whether an enrollment agent carries it out.
    pub(super) agent_required: bool,
    /// How urgent it is; 0 is the most urgent.
    pub(super) priority: u8,
    /// The requester's remark.
    pub(super) comment: String,
    /// The questions of the policy with their answers.
    pub(super) questions: Vec<Question>,
    /// The profile that it acts on.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) old_profile: Option<Uuid>,
    /// The profile that it makes.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new_profile: Option<Uuid>,
    /// The card that it acts on.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) old_smartcard: Option<Uuid>,
    /// The card that it is bound to.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new_smartcard: Option<Uuid>,
}

/// A question of a policy with its answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeQuestion)]
pub(super) struct Question {
    /// The question.
    pub(super) name: String,
    /// The answer, once there is one.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    /// Who answers.
    pub(super) provider: DataProvider,
}

/// One step of an approval.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeStage)]
pub(super) struct Stage {
    /// The name.
    pub(super) name: String,
    /// The line that approvers read.
    pub(super) title: String,
    /// How many different people must approve.
    pub(super) quorum: u16,
    /// How many have.
    pub(super) approvals: usize,
    /// Whether the requester and those whom it is for may approve.
    pub(super) own_approval: bool,
    /// Whether enough people may vote.
    pub(super) staffing: Staffing,
    /// How long its tasks may take.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deadline: Option<Deadline>,
    /// Who will be asked when the stage begins; nobody once it has.
    pub(super) planned: Vec<Principal>,
    /// The tasks; none until the stage begins.
    pub(super) tasks: Vec<Task>,
}

/// How long a task may take, and what happens then.
#[derive(Clone, Copy, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeDeadline)]
pub(super) struct Deadline {
    /// So many seconds after the task is made.
    #[schema(minimum = 1)]
    pub(super) seconds: u32,
    /// What happens then.
    pub(super) then: DeadlineAction,
    /// How often it begins anew, where it is renewed.
    #[serde(default)]
    pub(super) renewals: u16,
}

/// A decision that waits for somebody, or that was taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeTask)]
pub(super) struct Task {
    /// The GUID.
    pub(super) id: Uuid,
    /// The line that approvers read.
    pub(super) title: String,
    /// How far it is.
    pub(super) state: TaskState,
    /// The user or group that decides.
    pub(super) assignee: Principal,
    /// Who has claimed it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquired_by: Option<Principal>,
    /// Who may decide beside the assignee, who delegated to them.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delegate: Option<Principal>,
    /// The task that waits for this one.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<Uuid>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(super) created: String,
    /// Its deadline.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    /// The votes, oldest first.
    pub(super) votes: Vec<Vote>,
}

/// One person's word on one task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeVote)]
pub(super) struct Vote {
    /// Who voted.
    pub(super) voter: Principal,
    /// In whose place.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) represented: Option<Principal>,
    /// What was decided.
    pub(super) outcome: VoteOutcome,
    /// When.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// The content revision that the voter saw.
    pub(super) content_revision: i64,
    /// Why.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

/// A child request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeChild)]
pub(super) struct Child {
    /// The GUID.
    pub(super) id: Uuid,
    /// The number.
    pub(super) number: i64,
    /// Its place among the children, from 1.
    pub(super) ordinal: i32,
    /// How far it is.
    pub(super) status: Status,
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeRequestPage)]
pub(super) struct RequestPage {
    /// The requests.
    pub(super) items: Vec<Request>,
    /// The cursor of the next page; absent at the end.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// A task with its request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeInboxItem)]
pub(super) struct InboxItem {
    /// The task.
    pub(super) task: Task,
    /// Its request.
    pub(super) request: Request,
}

/// A page of an inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeInboxPage)]
pub(super) struct InboxPage {
    /// How many tasks there are in all.
    pub(super) count: u64,
    /// The tasks.
    pub(super) items: Vec<InboxItem>,
    /// The cursor of the next page; absent at the end.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// What would have to happen before a request is carried out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeExplanation)]
pub(super) struct Explanation {
    /// The steps of the approval, in order; without any it is approved automatically.
    pub(super) stages: Vec<PlannedStage>,
    /// Into how many child requests it would split, each with an approval of its own.
    pub(super) children: usize,
}

/// One step of an approval that would be asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativePlannedStage)]
pub(super) struct PlannedStage {
    /// The name.
    pub(super) name: String,
    /// Why they are asked.
    pub(super) reason: String,
    /// How many different people must approve.
    pub(super) quorum: u16,
    /// Who would be asked.
    pub(super) approvers: Vec<Principal>,
    /// Whether enough of them may vote.
    pub(super) staffing: Staffing,
    /// How long they may take.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deadline: Option<Deadline>,
}
