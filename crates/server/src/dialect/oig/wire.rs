//! What OIG 12c sends (`spec/oig-requests.md` B.4, B.5). Member names and order are the documents'.
//!
//! `fields` may leave out every member but `links` and `id`, so the schemas require no other.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A request in detail, in the shape of 12c and later.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigRequest)]
pub(super) struct Request {
    /// The request's own link.
    pub(super) links: Vec<Link>,
    /// The request's number.
    #[schema(pattern = "^[1-9][0-9]*$")]
    pub(super) id: String,
    /// How far the request is, in words.
    #[schema(required = false)]
    pub(super) req_status: &'static str,
    /// Who asked.
    #[schema(required = false)]
    pub(super) requester: Requester,
    /// When it was submitted.
    #[schema(required = false, format = DateTime)]
    pub(super) req_created_on: String,
    /// When it ended; absent while it has not.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_expire_on: Option<String>,
    /// What is asked for, in words.
    #[schema(required = false)]
    pub(super) req_type: Cow<'static, str>,
    /// Why; absent when nothing was said.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_justification: Option<String>,
    /// For whom.
    #[schema(required = false)]
    pub(super) req_beneficiary_list: Vec<Beneficiary>,
    /// What for.
    #[schema(required = false)]
    pub(super) req_target_entities: Vec<Target>,
    /// When it last changed; absent when it never did.
    #[schema(nullable = false, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_modified_on_date: Option<String>,
    /// The approval tasks.
    #[schema(required = false)]
    pub(super) request_task_details: Vec<TaskDetails>,
    /// The child requests, of a parent.
    #[schema(required = false)]
    pub(super) child_requests: Vec<ChildRequest>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OigLink)]
pub(super) struct Link {
    /// How what it leads to is related: `self`; of a list `first`, `next` and `prev` too.
    pub(super) rel: &'static str,
    /// The absolute address.
    #[schema(format = "uri")]
    pub(super) href: String,
}

impl Link {
    /// Something's own link.
    pub(super) fn own(href: String) -> Self {
        Self { rel: "self", href }
    }
}

/// Who asked, by number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigRequester)]
pub(super) struct Requester {
    /// `requesterId`.
    pub(super) name: &'static str,
    /// The user's number.
    pub(super) value: String,
    /// The user's own link.
    pub(super) link: Link,
}

/// For whom a request is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigBeneficiary)]
pub(super) struct Beneficiary {
    /// The user's own link.
    pub(super) links: Vec<Link>,
    /// The user's number.
    pub(super) id: String,
    /// The user's login.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_login: Option<String>,
    /// The user's name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
}

/// What a request is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigTarget)]
pub(super) struct Target {
    /// The entity's own link.
    pub(super) links: Vec<Link>,
    /// The entity's key among those of its type.
    pub(super) entity_id: String,
    /// `ApplicationInstance`, `Entitlement`, `Role` or `ProfileTemplate`.
    pub(super) entity_type: &'static str,
    /// The entity's name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entity_name: Option<String>,
    /// The form that was filled in, and the dates.
    pub(super) app_form_data: Vec<FormValue>,
}

/// A name with its value.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OigFormValue)]
pub(super) struct FormValue {
    /// The field.
    pub(super) name: String,
    /// What was entered.
    pub(super) value: String,
}

/// An approval task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigTaskDetails)]
pub(super) struct TaskDetails {
    /// The line that approvers read.
    pub(super) title: String,
    /// Who decided, decides and will decide.
    pub(super) history: History,
    /// The task's identifier.
    pub(super) task_id: Uuid,
    /// `ASSIGNED`, `COMPLETED`, `SUSPENDED`, `WITHDRAWN`, `EXPIRED`, `ERRORED`, `ALERTED` or
    /// `INFO_REQUESTED`.
    pub(super) state: &'static str,
}

/// Who decided, decides and will decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigHistory)]
pub(super) struct History {
    /// The votes.
    pub(super) previous_approvers: Vec<Approver>,
    /// The task as it is.
    pub(super) current_approvers: Vec<Approver>,
    /// Those whom the stages that have not begun will ask.
    pub(super) future_approvers: Vec<Approver>,
}

/// One line of a history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigApprover)]
pub(super) struct Approver {
    /// The stage's name.
    pub(super) stage: String,
    /// `APPROVE` or `REJECT` of a vote, the task's state otherwise; absent before the stage begins.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
    /// The user or group that is asked.
    pub(super) approvers: String,
    /// The login of the voter.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquired_by: Option<String>,
    /// The stage's index, of a vote.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stage_index: Option<String>,
    /// When the vote was given.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) updated_date: Option<String>,
}

/// A child request.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OigChildRequest)]
pub(super) struct ChildRequest {
    /// The child's own link.
    pub(super) links: Vec<Link>,
    /// The child's number.
    pub(super) id: String,
}

/// What is said instead of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigError)]
pub(crate) struct Error {
    /// Always `FAILED`.
    pub(super) status: Failure,
    /// What is wrong, in one word, for programs.
    pub(super) error_code: &'static str,
    /// The same in words that name the field.
    pub(super) message: String,
}

/// The one status of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigFailure)]
pub(super) enum Failure {
    /// The call failed.
    #[serde(rename = "FAILED")]
    Failed,
}
