//! What OIG takes in a write, and what it answers (`spec/oig-requests.md` A.9, B.7 to B.10).
//!
//! Ids are texts; whoever sends one as a number is understood. Members that nobody asks for are
//! ignored. The elements of a bulk call stay JSON until they are read one by one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use utoipa::ToSchema;

use super::wire::Link;

/// Requests to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OigCreateRequests)]
pub(super) struct CreateRequests {
    /// Each is a request of its own; the settings bound how many there may be.
    #[schema(value_type = Vec<CreateRequest>, min_items = 1)]
    pub(super) requests: Vec<Value>,
}

/// A request to be made, or a draft to be submitted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigCreateRequest)]
pub(super) struct CreateRequest {
    /// The client's own word for it, sent back as it came.
    #[schema(value_type = Option<String>)]
    #[allow(dead_code, reason = "is read and sent back even if the rest of the element is wrong")]
    pub(super) request_id: Option<Text>,
    /// The number of one's own draft, which is submitted as it is.
    #[schema(value_type = Option<String>, pattern = "^[1-9][0-9]*$")]
    pub(super) id: Option<Text>,
    /// `SAVE` keeps the request as a draft; `SUBMIT`, and nothing, submits it.
    pub(super) action: Option<String>,
    /// Another way to ask for a draft: any status that has the word in it.
    pub(super) req_status: Option<String>,
    /// Why.
    pub(super) req_justification: Option<String>,
    /// For whom; nobody is the caller.
    #[serde(alias = "reqBenefiiciaryList")]
    pub(super) req_beneficiary_list: Option<Vec<BeneficiaryRef>>,
    /// What for.
    pub(super) req_target_entities: Option<Vec<NewTarget>>,
}

/// A user, by number.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OigBeneficiaryRef)]
pub(super) struct BeneficiaryRef {
    /// The user's number.
    #[schema(value_type = String, pattern = "^[1-9][0-9]*$")]
    pub(super) id: Text,
}

/// Something that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigNewTarget)]
pub(super) struct NewTarget {
    /// The entity's key among those of its type; the GUID of a profile template.
    #[schema(value_type = String)]
    pub(super) entity_id: Text,
    /// `AppInstance` or `ApplicationInstance`, `Entitlement`, `Role` or `ProfileTemplate`, in any case.
    pub(super) entity_type: String,
    /// `revoke` or `remove` asks that it be taken away.
    pub(super) action: Option<String>,
    /// From when; without, at once.
    #[schema(format = DateTime)]
    pub(super) start_date: Option<String>,
    /// Until when; without, for good.
    #[schema(format = DateTime)]
    pub(super) end_date: Option<String>,
    /// The account in which an entitlement lies; without, the user's first of its application. Of an
    /// account that is taken away: which.
    #[schema(value_type = Option<String>)]
    pub(super) parent_account_id: Option<Text>,
    /// The form that was filled in. `startDate` and `endDate` among its fields are the dates.
    pub(super) app_form_data: Option<Vec<FormEntry>>,
    /// The same under another name.
    pub(super) attributes: Option<Vec<FormEntry>>,
    /// The same under a third name.
    pub(super) fields: Option<Vec<FormEntry>>,
}

/// A field of a form with what was entered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = OigFormEntry)]
pub(super) struct FormEntry {
    /// The field.
    pub(super) name: String,
    /// What was entered; nothing is an empty text.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) value: Option<Text>,
}

/// What is to be done to requests.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OigUpdateRequests)]
pub(super) struct UpdateRequests {
    /// Each is about one request; the settings bound how many there may be.
    #[schema(value_type = Vec<UpdateRequest>, min_items = 1)]
    pub(super) requests: Vec<Value>,
}

/// What is to be done to one request: an action, or an edit of what it asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigUpdateRequest)]
pub(super) struct UpdateRequest {
    /// The request's number. Needed in a bulk call; otherwise the path names the request.
    #[schema(value_type = Option<String>, pattern = "^[1-9][0-9]*$")]
    pub(super) id: Option<Text>,
    /// The client's own word for it, sent back as it came.
    #[schema(value_type = Option<String>)]
    pub(super) request_id: Option<Text>,
    /// The approval task; without, the first that the caller can act on.
    #[schema(format = Uuid)]
    pub(super) task_id: Option<String>,
    /// `APPROVE`, `REJECT`, `CLAIM`, `RELEASE`, `REASSIGN`, `DELEGATE`, `ESCALATE`, `SUSPEND`, `RESUME`,
    /// `SAVE`, `CREATESUBTASK`, `SKIPASSIGNMENT`, `WITHDRAW`, `CLOSE` or `SUBMIT`, in any case. Without,
    /// the members below are an edit.
    pub(super) action: Option<String>,
    /// A remark, or the reason.
    pub(super) action_comment: Option<String>,
    /// To whom a task is given.
    pub(super) assignees: Option<Vec<Assignee>>,
    /// New dates and new values of the form.
    pub(super) req_target_entities: Option<Vec<EditedTarget>>,
    /// A new reason for the request.
    pub(super) req_justification: Option<String>,
}

/// A user or a group, by one of its names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigAssignee)]
pub(super) struct Assignee {
    /// A user's login, or a group's name.
    pub(super) name: Option<String>,
    /// A user's number; the GUID of either.
    #[schema(value_type = Option<String>)]
    pub(super) id: Option<Text>,
    /// A user's login.
    pub(super) user_login: Option<String>,
    /// `user`, as without, or `group` or `role`.
    pub(super) r#type: Option<String>,
}

/// New values for something that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigEditedTarget)]
pub(super) struct EditedTarget {
    /// The entity's key among those of its type.
    #[schema(value_type = String)]
    pub(super) entity_id: Text,
    /// The entity's type, as when it was asked for.
    pub(super) entity_type: String,
    /// From when.
    #[schema(format = DateTime)]
    pub(super) start_date: Option<String>,
    /// Until when.
    #[schema(format = DateTime)]
    pub(super) end_date: Option<String>,
    /// The fields of the form that change. `startDate` and `endDate` among them are the dates.
    pub(super) app_form_data: Option<Vec<FormEntry>>,
    /// The same under another name.
    pub(super) attributes: Option<Vec<FormEntry>>,
    /// The same under a third name.
    pub(super) fields: Option<Vec<FormEntry>>,
}

/// Requests to be taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OigWithdrawRequests)]
pub(super) struct WithdrawRequests {
    /// Each names one request; the settings bound how many there may be.
    #[schema(value_type = Vec<WithdrawRequest>, min_items = 1)]
    pub(super) requests: Vec<Value>,
}

/// A request to be taken back. One of the two members is its number: the one that names a request
/// that the caller can take back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigWithdrawRequest)]
pub(super) struct WithdrawRequest {
    /// The request's number, or a word of the client's.
    #[schema(value_type = Option<String>)]
    pub(super) id: Option<Text>,
    /// The request's number, or a word of the client's.
    #[schema(value_type = Option<String>)]
    pub(super) request_id: Option<Text>,
}

/// What became of each element of a bulk call, in its order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigRequestResults)]
pub(super) struct Results {
    /// Where requests are.
    pub(super) links: Vec<Link>,
    /// The elements.
    pub(super) requests: Vec<RequestResult>,
}

/// What became of each request that was to be taken back, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigWithdrawalResults)]
pub(super) struct WithdrawalResults {
    /// The elements.
    pub(super) requests: Vec<RequestResult>,
}

/// What became of one request.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigRequestResult)]
pub(super) struct RequestResult {
    /// The request's own link; absent if it failed, and when it is taken back.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) links: Option<Vec<Link>>,
    /// The request's number; if it failed, what the client sent.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// What the client sent.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
    /// `Request Created` or `Request Draft Created`, of a request that was made.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_status: Option<&'static str>,
    /// Whether it happened.
    pub(super) status: Verdict,
    /// Why not, in one word, for programs.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_code: Option<&'static str>,
    /// The same in words that name the member.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

/// Whether it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = OigVerdict)]
pub(super) enum Verdict {
    /// It did.
    Success,
    /// It did not, and nothing has changed; with the code `ServiceUnavailable` it may have happened.
    #[default]
    Failed,
}

/// A request that was taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigWithdrawal)]
pub(super) struct Withdrawal {
    /// The request's own link.
    pub(super) links: Vec<Link>,
    /// The request's number.
    pub(super) id: String,
    /// Always `withdrawn`.
    pub(super) status: Withdrawn,
}

/// The one status of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OigWithdrawn)]
pub(super) enum Withdrawn {
    /// The request was taken back.
    Withdrawn,
}

/// An account that is to be taken away.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigAccountRevocation)]
pub(super) struct AccountRevocation {
    /// The account's own link.
    pub(super) links: Vec<Link>,
    /// The account's number.
    pub(super) id: String,
    /// Always `SUCCESS`: the request was made.
    pub(super) status: Verdict,
    /// The request that takes the account away once it is approved.
    pub(super) request: RaisedRequest,
}

/// A request that another call has made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigRaisedRequest)]
pub(super) struct RaisedRequest {
    /// The request's number.
    pub(super) id: String,
    /// The request's own link.
    pub(super) links: Vec<Link>,
}

/// A text, or a number or a truth value in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
