//! Approval rules and request rules, for administrators.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use countersign_core::event::Channel;
use countersign_core::ids::Revision;
use countersign_core::rule;

use super::convert_admin::{Sent, printed};
use super::error::{Absent, Errors, Forbidden, KeyReused, MediaType, Stale, Unconditional, fault};
use super::etag::required;
use super::read::{body, id};
use super::wire_admin::{ApprovalRule, ApprovalRules, RequestRule, RequestRules};
use super::{ReplaceHeaders, WriteHeaders, created, json, tagged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody};
use crate::state::AppState;

/// List the approval rules
///
/// Which access requests need whose approval, in the order in which they are asked; for administrators.
#[utoipa::path(
    operation_id = "native_list_approval_rules",
    tag = "native",
    responses((status = 200, description = "The rules.", body = ApprovalRules), Errors, Forbidden),
)]
#[get("/approval-rules")]
pub(super) async fn list_approval_rules(state: Data<AppState>, caller: CurrentCaller) -> Result<HttpResponse, Fault> {
    let found = state.administration.approval_rules(&caller).await?;
    let items = found.iter().map(printed).collect::<Result<_, _>>()?;
    json(&ApprovalRules { items, next: None })
}

/// Make an approval rule
///
/// It counts for requests that are made from then on.
#[utoipa::path(
    operation_id = "native_create_approval_rule",
    tag = "native",
    params(WriteHeaders),
    request_body(content = ApprovalRule, description = "The rule."),
    responses(
        (status = 201, description = "The rule.", body = ApprovalRule, headers(
            ("Location" = String, description = "Where the rule is."),
            ("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, MediaType, KeyReused,
    ),
)]
#[post("/approval-rules")]
pub(super) async fn create_approval_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_approval_rule")?;
    let new = body::<ApprovalRule>(&request, &sent)?.core(None)?;
    let made = state.administration.create(&caller, new, (), &via).await.map_err(fault)?;
    let path = format!("approval-rules/{}", made.id);
    let rule: ApprovalRule = printed(&made)?;
    created(&request, &state.settings.server, &path, &rule, made.revision.0)
}

/// Read an approval rule
///
/// For administrators.
#[utoipa::path(
    operation_id = "native_get_approval_rule",
    tag = "native",
    params(("id" = uuid::Uuid, Path, description = "The rule's GUID.",
        example = "a0010000-0000-4000-8000-000000000001")),
    responses(
        (status = 200, description = "The rule.", body = ApprovalRule,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent,
    ),
)]
#[get("/approval-rules/{id}")]
pub(super) async fn get_approval_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let found: rule::ApprovalRule = state.administration.get(&caller, &id(&key)?.into()).await?;
    tagged(&printed::<ApprovalRule>(&found)?, found.revision.0)
}

/// Replace an approval rule
///
/// Requests that were made keep the approval that they got. A rule is switched off by `enabled`.
#[utoipa::path(
    operation_id = "native_replace_approval_rule",
    tag = "native",
    params(
        ("id" = uuid::Uuid, Path, description = "The rule's GUID.",
            example = "a0010000-0000-4000-8000-000000000001"),
        ReplaceHeaders,
        WriteHeaders,
    ),
    request_body(content = ApprovalRule, description = "The rule as it is to be."),
    responses(
        (status = 200, description = "The rule after that.", body = ApprovalRule,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, Stale, MediaType, KeyReused, Unconditional,
    ),
)]
#[put("/approval-rules/{id}")]
pub(super) async fn replace_approval_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replace_approval_rule")?;
    let id = id(&key)?;
    let seen = required(&request)?.revision().map(Revision);
    let new = body::<ApprovalRule>(&request, &sent)?.core(Some(id))?;
    let after = state.administration.replace(&caller, &id.into(), seen, (new, ()), &via).await.map_err(fault)?;
    tagged(&printed::<ApprovalRule>(&after)?, after.revision.0)
}

/// List the request rules
///
/// Who may ask for whom; for administrators.
#[utoipa::path(
    operation_id = "native_list_request_rules",
    tag = "native",
    responses((status = 200, description = "The rules.", body = RequestRules), Errors, Forbidden),
)]
#[get("/request-rules")]
pub(super) async fn list_request_rules(state: Data<AppState>, caller: CurrentCaller) -> Result<HttpResponse, Fault> {
    let found = state.administration.request_rules(&caller).await?;
    let items = found.iter().map(printed).collect::<Result<_, _>>()?;
    json(&RequestRules { items, next: None })
}

/// Make a request rule
///
/// It counts at once.
#[utoipa::path(
    operation_id = "native_create_request_rule",
    tag = "native",
    params(WriteHeaders),
    request_body(content = RequestRule, description = "The rule."),
    responses(
        (status = 201, description = "The rule.", body = RequestRule, headers(
            ("Location" = String, description = "Where the rule is."),
            ("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, MediaType, KeyReused,
    ),
)]
#[post("/request-rules")]
pub(super) async fn create_request_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_request_rule")?;
    let new = body::<RequestRule>(&request, &sent)?.core(None)?;
    let made = state.administration.create(&caller, new, (), &via).await.map_err(fault)?;
    let path = format!("request-rules/{}", made.id);
    let rule: RequestRule = printed(&made)?;
    created(&request, &state.settings.server, &path, &rule, made.revision.0)
}

/// Read a request rule
///
/// For administrators.
#[utoipa::path(
    operation_id = "native_get_request_rule",
    tag = "native",
    params(("id" = uuid::Uuid, Path, description = "The rule's GUID.",
        example = "a0020000-0000-4000-8000-000000000001")),
    responses(
        (status = 200, description = "The rule.", body = RequestRule,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent,
    ),
)]
#[get("/request-rules/{id}")]
pub(super) async fn get_request_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let found: rule::RequestRule = state.administration.get(&caller, &id(&key)?.into()).await?;
    tagged(&printed::<RequestRule>(&found)?, found.revision.0)
}

/// Replace a request rule
///
/// Requests that were made stay. A rule is switched off by `enabled`.
#[utoipa::path(
    operation_id = "native_replace_request_rule",
    tag = "native",
    params(
        ("id" = uuid::Uuid, Path, description = "The rule's GUID.",
            example = "a0020000-0000-4000-8000-000000000001"),
        ReplaceHeaders,
        WriteHeaders,
    ),
    request_body(content = RequestRule, description = "The rule as it is to be."),
    responses(
        (status = 200, description = "The rule after that.", body = RequestRule,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, Stale, MediaType, KeyReused, Unconditional,
    ),
)]
#[put("/request-rules/{id}")]
pub(super) async fn replace_request_rule(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replace_request_rule")?;
    let id = id(&key)?;
    let seen = required(&request)?.revision().map(Revision);
    let new = body::<RequestRule>(&request, &sent)?.core(Some(id))?;
    let after = state.administration.replace(&caller, &id.into(), seen, (new, ()), &via).await.map_err(fault)?;
    tagged(&printed::<RequestRule>(&after)?, after.revision.0)
}
