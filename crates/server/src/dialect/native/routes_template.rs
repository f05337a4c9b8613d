//! Profile templates with their policies, for administrators.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use countersign_core::event::Channel;
use countersign_core::ids::{Revision, TemplateId};
use countersign_core::template;

use super::convert_admin::{Sent, printed};
use super::cursor::Cursor;
use super::error::{Absent, Errors, Forbidden, KeyReused, MediaType, Stale, Unconditional, fault};
use super::etag::required;
use super::read::{body, id};
use super::wire_admin::{ProfileTemplate, ProfileTemplates};
use super::{PageParameters, ReplaceHeaders, WriteHeaders, created, page, paged, tagged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody, Parameters};
use crate::state::AppState;

/// List the profile templates
///
/// Every one with its policies, by GUID; for administrators.
#[utoipa::path(
    operation_id = "native_list_profile_templates",
    tag = "native",
    params(PageParameters),
    responses(
        (status = 200, description = "The page.", body = ProfileTemplates,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors, Forbidden,
    ),
)]
#[get("/profile-templates")]
pub(super) async fn list_profile_templates(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let (limit, after) = (page::limit(&parameters)?, page::cursor::<TemplateId>(&parameters)?);
    let found = state.administration.templates(&caller, after, limit).await?;
    let items = found.items.iter().map(printed).collect::<Result<_, _>>()?;
    let next = found.next.map(|next| next.write());
    paged(&request, &state.settings.server, &ProfileTemplates { items, next: next.clone() }, next.as_deref())
}

/// Make a profile template
///
/// With its policies. The GUID, the version and the revision are given out by the server.
#[utoipa::path(
    operation_id = "native_create_profile_template",
    tag = "native",
    params(WriteHeaders),
    request_body(content = ProfileTemplate, description = "The template."),
    responses(
        (status = 201, description = "The template.", body = ProfileTemplate, headers(
            ("Location" = String, description = "Where the template is."),
            ("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, MediaType, KeyReused,
    ),
)]
#[post("/profile-templates")]
pub(super) async fn create_profile_template(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_profile_template")?;
    let new = body::<ProfileTemplate>(&request, &sent)?.core(None)?;
    let made = state.administration.create(&caller, new, (), &via).await.map_err(fault)?;
    let path = format!("profile-templates/{}", made.id);
    let template: ProfileTemplate = printed(&made)?;
    created(&request, &state.settings.server, &path, &template, made.revision.0)
}

/// Read a profile template
///
/// With its policies; for administrators.
#[utoipa::path(
    operation_id = "native_get_profile_template",
    tag = "native",
    params(("id" = uuid::Uuid, Path, description = "The template's GUID.",
        example = "8f31803f-8afc-49bb-911d-402ec264b589")),
    responses(
        (status = 200, description = "The template.", body = ProfileTemplate,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent,
    ),
)]
#[get("/profile-templates/{id}")]
pub(super) async fn get_profile_template(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let found: template::ProfileTemplate = state.administration.get(&caller, &id(&key)?.into()).await?;
    tagged(&printed::<ProfileTemplate>(&found)?, found.revision.0)
}

/// Replace a profile template
///
/// With its policies. Requests that were made keep the policy under which they were.
#[utoipa::path(
    operation_id = "native_replace_profile_template",
    tag = "native",
    params(
        ("id" = uuid::Uuid, Path, description = "The template's GUID.",
            example = "8f31803f-8afc-49bb-911d-402ec264b589"),
        ReplaceHeaders,
        WriteHeaders,
    ),
    request_body(content = ProfileTemplate, description = "The template as it is to be."),
    responses(
        (status = 200, description = "The template after that.", body = ProfileTemplate,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, Stale, MediaType, KeyReused, Unconditional,
    ),
)]
#[put("/profile-templates/{id}")]
pub(super) async fn replace_profile_template(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replace_profile_template")?;
    let id = id(&key)?;
    let seen = required(&request)?.revision().map(Revision);
    let new = body::<ProfileTemplate>(&request, &sent)?.core(Some(id))?;
    let after = state.administration.replace(&caller, &id.into(), seen, (new, ()), &via).await.map_err(fault)?;
    tagged(&printed::<ProfileTemplate>(&after)?, after.revision.0)
}
