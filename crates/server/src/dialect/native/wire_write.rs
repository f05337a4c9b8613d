//! What the native API takes in a write about requests. Members that nobody knows are refused, so
//! that a mistyped one is not lost unseen.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::NamedValue;
use super::words::{EntityType, VoteOutcome};

/// A request to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeNewRequest)]
pub(super) struct NewRequest {
    /// Whether the things are to be given, as without, or taken away.
    pub(super) intent: Option<Intent>,
    /// For whom; without, for the caller.
    #[serde(default)]
    pub(super) beneficiaries: Vec<UserRef>,
    /// What for.
    #[schema(min_items = 1)]
    pub(super) targets: Vec<NewTarget>,
    /// Why.
    pub(super) justification: Option<String>,
    /// Whether it stays a draft until it is submitted.
    #[serde(default)]
    pub(super) draft: bool,
}

/// Whether something is to be given or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeIntent)]
pub(super) enum Intent {
    /// It is to be given.
    Give,
    /// It is to be taken away.
    Take,
}

/// A user, by one of these names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeUserRef)]
pub(super) struct UserRef {
    /// The GUID.
    pub(super) id: Option<Uuid>,
    /// The number.
    #[schema(minimum = 1)]
    pub(super) number: Option<i64>,
    /// The login.
    pub(super) login: Option<String>,
}

/// A user or a group, by one of these names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativePrincipalRef)]
pub(super) struct PrincipalRef {
    /// The GUID of a user or a group.
    pub(super) id: Option<Uuid>,
    /// The number of a user.
    #[schema(minimum = 1)]
    pub(super) number: Option<i64>,
    /// The login of a user.
    pub(super) login: Option<String>,
    /// The name of a group.
    pub(super) group: Option<String>,
}

/// Something that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeNewTarget)]
pub(super) struct NewTarget {
    /// What kind of thing.
    pub(super) entity_type: EntityType,
    /// Its key among those of its type; the GUID of a profile template.
    #[schema(min_length = 1, max_length = 128)]
    pub(super) entity_key: String,
    /// The number of the account in which an entitlement lies, or that is taken away.
    pub(super) account: Option<String>,
    /// From when; without, at once.
    #[schema(format = DateTime)]
    pub(super) start: Option<String>,
    /// Until when; without, for good.
    #[schema(format = DateTime)]
    pub(super) end: Option<String>,
    /// The form that was filled in; of a profile template, answers to its questions.
    #[serde(default)]
    pub(super) form: Vec<NamedValue>,
}

/// A decision on a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeDecision)]
pub(super) struct Decision {
    /// What is decided.
    pub(super) outcome: VoteOutcome,
    /// Why.
    pub(super) comment: Option<String>,
    /// On which task; without, on the first that the caller may decide.
    pub(super) task: Option<Uuid>,
    /// Answers to questions that the approver answers.
    #[serde(default)]
    pub(super) answers: Vec<NamedValue>,
}

/// Something else that is to be done to a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeAction)]
pub(super) struct Action {
    /// What.
    pub(super) action: ActionName,
    /// On which task; without, on the first that the caller can act on. Actions on the request as a
    /// whole take none.
    pub(super) task: Option<Uuid>,
    /// A remark, or the reason.
    pub(super) comment: Option<String>,
    /// To whom a task is given.
    #[serde(default)]
    pub(super) to: Vec<PrincipalRef>,
    /// A new reason for the request, with `save` and `edit`.
    pub(super) justification: Option<String>,
    /// New dates and new values of forms, with `save` and `edit`.
    #[serde(default)]
    pub(super) targets: Vec<EditedTarget>,
    /// Answers to the policy's questions, with `save` and `edit`.
    #[serde(default)]
    pub(super) answers: Vec<NamedValue>,
}

/// What can be done to a request besides deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeActionName)]
pub(super) enum ActionName {
    /// Take a group's task.
    Claim,
    /// Give a claimed task back.
    Release,
    /// Give a task to others.
    Reassign,
    /// Let somebody else decide too.
    Delegate,
    /// Give a task to the manager of whoever has it.
    Escalate,
    /// Put a task aside.
    Suspend,
    /// Take a task up again.
    Resume,
    /// Save a remark, answers and changes of content with a task.
    Save,
    /// Ask others first.
    CreateSubtask,
    /// Go on without a task's decision.
    Skip,
    /// Change what one's own request asks for.
    Edit,
    /// Take the request back while its approval is open.
    Withdraw,
    /// Take a certificate request back, while it is carried out too.
    Cancel,
    /// End the request as administrator.
    Close,
    /// Hand a draft in.
    Submit,
    /// Try again to carry it out.
    Retry,
}

/// New values for something that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeEditedTarget)]
pub(super) struct EditedTarget {
    /// What kind of thing.
    pub(super) entity_type: EntityType,
    /// Its key among those of its type.
    #[schema(min_length = 1, max_length = 128)]
    pub(super) entity_key: String,
    /// From when.
    #[schema(format = DateTime)]
    pub(super) start: Option<String>,
    /// Until when.
    #[schema(format = DateTime)]
    pub(super) end: Option<String>,
    /// The fields of the form that change.
    #[serde(default)]
    pub(super) form: Vec<NamedValue>,
}

/// What is said of a request that is being carried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeFulfilmentReport)]
pub(super) struct FulfilmentReport {
    /// How it went.
    pub(super) outcome: FulfilmentOutcome,
    /// Why it failed or stumbled.
    pub(super) reason: Option<String>,
    /// The request's GUID, which a signed call repeats so that it is signed too.
    pub(super) request: Option<Uuid>,
}

/// How carrying a request out went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeFulfilmentOutcome)]
pub(super) enum FulfilmentOutcome {
    /// It has been carried out.
    Completed,
    /// It cannot be carried out: the request fails.
    Failed,
    /// It is to be tried again; administrators say so.
    Retry,
    /// It did not work, and may later: the request stays open, with the reason.
    Stumbled,
}

/// From where a webhook is to be told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeReplay)]
pub(super) struct Replay {
    /// The position in the feed after which it hears everything; 0 is the beginning.
    #[schema(minimum = 0)]
    pub(super) after: i64,
}
