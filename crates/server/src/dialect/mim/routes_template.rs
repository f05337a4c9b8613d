//! MIM's operations on profile templates: parse, one service call, convert.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};

use super::error::Errors;
use super::filter::target_is_caller;
use super::operation::operation;
use super::routes::guid;
use super::{convert_template as convert, json, nothing, wire_template as wire};
use crate::dialect::{CurrentCaller, Fault, Parameters};
use crate::state::AppState;

/// List profile templates
///
/// The profile templates that the caller may enroll for, by name (`spec/mim-cm.md` A.1 row 1): those
/// that the caller may read and enroll for, whose enroll policy is enabled, and has self-service or
/// the caller among its initiators. Nothing to list is 204.
#[utoipa::path(
    operation_id = "mim_list_profile_templates",
    tag = "mim",
    params(("targetuser" = Option<String>, Query, example = "current",
        description = "`current`: the caller, for whom the list is without it too. Nothing else is supported.")),
    responses(
        (status = 200, description = "The profile templates.", body = Vec<wire::ProfileTemplate>),
        (status = 204, description = "There is no such profile template."),
        Errors,
    ),
)]
#[get("/profiletemplates")]
pub(super) async fn list_profile_templates(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    target_is_caller(&Parameters::read(request.query_string())?)?;
    let templates = state.templates.enrollable(&caller).await?;
    if templates.is_empty() {
        return Ok(nothing());
    }
    json(&templates.iter().map(convert::profile_template).collect::<Vec<_>>())
}

/// Get a profile template
///
/// One profile template (`spec/mim-cm.md` A.1 row 2). An unknown identifier is 204, a template that
/// the caller may not read is 403.
#[utoipa::path(
    operation_id = "mim_get_profile_template",
    tag = "mim",
    params(("id" = uuid::Uuid, Path, description = "The template's GUID, with hyphens, without, in braces or in parentheses, in any case.",
        example = "12bd5120-86a2-4ee1-8d05-131066871578")),
    responses(
        (status = 200, description = "The profile template.", body = wire::ProfileTemplate),
        (status = 204, description = "There is no such profile template."),
        Errors,
    ),
)]
#[get("/profiletemplates/{id}")]
pub(super) async fn get_profile_template(
    state: Data<AppState>,
    caller: CurrentCaller,
    id: Path<String>,
) -> Result<HttpResponse, Fault> {
    let id = guid("id", &id)?;
    json(&convert::profile_template(&state.templates.template(&caller, id.into()).await?))
}

/// Get a policy
///
/// What a profile template says of one operation, and asks of whoever requests it
/// (`spec/mim-cm.md` A.1 row 3b). An unknown identifier, and a policy that the template does not have,
/// is 204; one that is switched off says so in `Enabled`; a template that the caller may not read is 403.
#[utoipa::path(
    operation_id = "mim_get_policy",
    tag = "mim",
    params(
        ("id" = uuid::Uuid, Path, description = "The template's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1"),
        ("type" = String, Path, example = "Enroll",
            description = "The operation: Duplicate, Enroll, OfflineUnblock, OnlineUpdate, Recover, RecoverOnBehalf, \
                           Reinstate or Suspend, Renew, Retire, Revoke or Disable, TemporaryCards, TemporaryEnroll or \
                           TemporaryCardEnroll, or Unblock, in any case."),
    ),
    responses(
        (status = 200, description = "The policy.", body = wire::WorkflowPolicy),
        (status = 204, description = "There is no such profile template, or it has no such policy."),
        Errors,
    ),
)]
#[get("/profiletemplates/{id}/policies/{type}")]
pub(super) async fn get_policy(
    state: Data<AppState>,
    caller: CurrentCaller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    policy(&state, &caller, &path).await
}

/// Get a workflow policy
///
/// The same as `policies/{type}`, under the path of the documents' tables (`spec/mim-cm.md` A.1 row 3a, G2).
#[utoipa::path(
    operation_id = "mim_get_workflow_policy",
    tag = "mim",
    params(
        ("id" = uuid::Uuid, Path, description = "The template's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1"),
        ("type" = String, Path, example = "Enroll",
            description = "The operation: Duplicate, Enroll, OfflineUnblock, OnlineUpdate, Recover, RecoverOnBehalf, \
                           Reinstate or Suspend, Renew, Retire, Revoke or Disable, TemporaryCards, TemporaryEnroll or \
                           TemporaryCardEnroll, or Unblock, in any case."),
    ),
    responses(
        (status = 200, description = "The policy.", body = wire::WorkflowPolicy),
        (status = 204, description = "There is no such profile template, or it has no such policy."),
        Errors,
    ),
)]
#[get("/profiletemplates/{id}/policy/workflow/{type}")]
pub(super) async fn get_workflow_policy(
    state: Data<AppState>,
    caller: CurrentCaller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    policy(&state, &caller, &path).await
}

async fn policy(state: &AppState, caller: &CurrentCaller, path: &(String, String)) -> Result<HttpResponse, Fault> {
    let (id, word) = path;
    let id = guid("id", id)?;
    let kind = operation(word)?.policy();
    json(&convert::workflow_policy(&state.templates.policy(caller, id.into(), kind).await?))
}
