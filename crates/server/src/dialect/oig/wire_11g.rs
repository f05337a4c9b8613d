//! What OIG 11g sends where it differs from 12c (`spec/oig-requests.md` B.6 V1, decision 22).

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{ChildRequest, History, Link};

/// A request in detail, in the shape of 11g.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigRequest11g)]
pub(super) struct Request {
    /// The request's own link.
    pub(super) links: Vec<Link>,
    /// The request's number.
    #[schema(pattern = "^[1-9][0-9]*$")]
    pub(super) id: String,
    /// How far the request is, in words.
    #[schema(required = false)]
    pub(super) req_status: &'static str,
    /// The number of the user who asked.
    #[schema(required = false)]
    pub(super) requester: String,
    /// When it was submitted, in the server's time zone.
    #[schema(required = false)]
    pub(super) req_created_on: String,
    /// When it ended; absent while it has not.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_expire_on: Option<String>,
    /// What is asked for, in words.
    #[schema(required = false)]
    pub(super) req_type: Cow<'static, str>,
    /// Why; absent when nothing was said.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_justification: Option<String>,
    /// The login of the user who asked.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_login: Option<String>,
    /// For whom. 11g spells the name so.
    #[schema(required = false)]
    #[serde(rename = "reqBenefiiciaryList")]
    pub(super) req_beneficiary_list: Vec<Beneficiary>,
    /// What for.
    #[schema(required = false)]
    pub(super) req_target_entities: Vec<Target>,
    /// When it last changed; absent when it never did.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) req_modified_on_date: Option<String>,
    /// The approval tasks.
    #[schema(required = false)]
    pub(super) request_task_details: Vec<TaskDetails>,
    /// Who decided, decides and will decide; absent without a task.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<History>,
    /// The child requests, of a parent.
    #[schema(required = false)]
    pub(super) child_requests: Vec<ChildRequest>,
}

/// For whom a request is, in 11g.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigBeneficiary11g)]
pub(super) struct Beneficiary {
    /// The user's own link.
    pub(super) links: Vec<Link>,
    /// The user's login.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_login: Option<String>,
    /// The user's name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
}

/// What a request is for, in 11g.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OigTarget11g)]
pub(super) struct Target {
    /// The entity's name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entity_name: Option<String>,
    /// The entity's key among those of its type.
    pub(super) entity_id: String,
    /// `ApplicationInstance`, `Entitlement`, `Role` or `ProfileTemplate`.
    pub(super) entity_type: &'static str,
    /// The entity's own link.
    pub(super) links: Vec<Link>,
}

/// An approval task, in 11g.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OigTaskDetails11g)]
pub(super) struct TaskDetails {
    /// The line that approvers read.
    pub(super) title: String,
}
