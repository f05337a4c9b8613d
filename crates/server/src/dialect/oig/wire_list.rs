//! What a list of requests holds on the wire (`spec/oig-requests.md` B.2, B.3). Member names and
//! order are the documents'.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::wire::{Beneficiary, Link, Requester};
use super::wire_11g;

/// A page of requests or of approval tasks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigRequestList)]
pub(super) struct RequestList {
    /// `self` and `first`; `next` if there is more; `prev` if the page is not the first.
    pub(super) links: Vec<Link>,
    /// How many elements the page has.
    pub(super) count: usize,
    /// Whether more follow.
    pub(super) has_more: bool,
    /// How many elements there are in all; -1 when nobody counted.
    #[schema(minimum = -1)]
    pub(super) total_result: i64,
    /// The elements.
    pub(super) requests: Vec<Item>,
}

/// An element of a list, by its view.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    /// Of trackRequests.
    Tracked(Tracked),
    /// Of pendingApprovals.
    Pending(PendingApproval),
}

/// A request, in the view trackRequests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tracked {
    /// The request's own link.
    pub(super) links: Vec<Link>,
    /// The request's number; the same one stands at each of its tasks.
    #[schema(pattern = "^[1-9][0-9]*$")]
    pub(super) id: String,
    /// trackRequests: how far the request is, in words.
    pub(super) req_status: &'static str,
    /// trackRequests: who asked.
    pub(super) requester: ListedRequester,
    /// trackRequests: when it was submitted: `2019-06-20T20:34:08Z`; with `oig.compat = "11g"`
    /// `Fri Mar 04 12:26:51 IST 2016`. So are all dates of a list.
    pub(super) req_created_on: String,
    /// trackRequests: when it ended; absent while it has not.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_expire_on: Option<String>,
    /// trackRequests: what is asked for, in words.
    pub(super) req_type: Cow<'static, str>,
    /// trackRequests: why; absent when nothing was said.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_justification: Option<String>,
    /// trackRequests: for whom.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_beneficiary_list: Option<Vec<Beneficiary>>,
    /// trackRequests: for whom, as 11g spells the name.
    #[schema(nullable = false)]
    #[serde(rename = "reqBenefiiciaryList", skip_serializing_if = "Option::is_none")]
    pub(super) req_beneficiary_list_11g: Option<Vec<wire_11g::Beneficiary>>,
}

/// Who asked: an object; with `oig.compat = "11g"` the number of the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OigListedRequester)]
pub(super) enum ListedRequester {
    /// As 12c prints it.
    Current(Requester),
    /// As 11g prints it.
    Legacy(String),
}

/// An approval task, in the view pendingApprovals.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingApproval {
    /// The request's own link.
    pub(super) links: Vec<Link>,
    /// pendingApprovals: the line that approvers read.
    pub(super) title: String,
    /// The request's number; the same one stands at each of its tasks.
    #[schema(pattern = "^[1-9][0-9]*$")]
    pub(super) id: String,
    /// pendingApprovals: the login of whoever asked.
    pub(super) creator: String,
    /// pendingApprovals: the task's identifier.
    pub(super) task_id: Uuid,
    /// pendingApprovals: `ASSIGNED`, `COMPLETED`, `SUSPENDED`, `WITHDRAWN`, `EXPIRED`, `ERRORED`,
    /// `ALERTED` or `INFO_REQUESTED`.
    pub(super) state: &'static str,
    /// pendingApprovals: how far the request is, in words.
    pub(super) status: &'static str,
    /// pendingApprovals: the user or group that is asked.
    pub(super) assignee: String,
    /// pendingApprovals: when the task was made.
    pub(super) created: String,
    /// pendingApprovals: the login of whoever claimed it; absent when nobody did.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquired_by: Option<String>,
    /// pendingApprovals: the deadline; absent without one.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
}

/// One object with the members of both views: which one an element has follows from the call, and
/// `fields` may leave out all but two, so that no element could be told apart by its members.
impl PartialSchema for Item {
    fn schema() -> RefOr<Schema> {
        let mut item = Object::with_type(Type::Object);
        item.description =
            Some("A request or an approval task, by the view. `fields` may leave members out.".to_owned());
        item.required = vec!["links".to_owned(), "id".to_owned()];
        for view in [Tracked::schema(), PendingApproval::schema()] {
            if let RefOr::T(Schema::Object(view)) = view {
                item.properties.extend(view.properties);
            }
        }
        Schema::Object(item).into()
    }
}

impl ToSchema for Item {
    fn name() -> Cow<'static, str> {
        "OigListedRequest".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Tracked::schemas(schemas);
        PendingApproval::schemas(schemas);
    }
}
