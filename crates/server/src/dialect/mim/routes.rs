//! MIM's operations: parse, one service call, convert.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use countersign_core::ids::parse_guid;
use countersign_core::request::RequestKey;
use countersign_core::service::ProfileView;
use uuid::Uuid;

use super::error::Errors;
use super::filter::{ProfileFilter, request_statuses, target_is_caller};
use super::listing::Listing;
use super::{convert, json, nothing, wire};
use crate::dialect::{CurrentCaller, Fault, Parameters, Reading, correlation_id};
use crate::state::AppState;

/// List requests
///
/// The requests for certificates and smart cards that the caller may read, newest first
/// (`spec/mim-cm.md` A.1 row 6). The list is sent as it is read, however long it is; nothing to
/// list is 204.
#[utoipa::path(
    operation_id = "mim_list_requests",
    tag = "mim",
    params(
        ("targetuser" = Option<String>, Query, example = "current",
            description = "`current`: only requests that are for the caller. Nothing else is supported."),
        ("status" = Option<String>, Query, example = "Approved",
            description = "Only requests in this status: Approved, Canceled, Completed, Denied, Executing, Failed, None \
                           or Pending, in any case."),
    ),
    responses(
        (status = 200, description = "The requests.", body = Vec<wire::Request>),
        (status = 204, description = "There is no such request."),
        Errors,
    ),
)]
#[get("/requests")]
pub(super) async fn list_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let own = target_is_caller(&parameters)?;
    let statuses = request_statuses(&parameters)?;
    if statuses.is_empty() {
        return Ok(nothing());
    }
    let requests = state.requests.clone();
    let listing = Listing { requests, caller: caller.into(), own, statuses, correlation: correlation_id(&request) };
    listing.respond().await
}

/// Get a request
///
/// One request for certificates or a smart card (`spec/mim-cm.md` A.1 row 7). An unknown
/// identifier is 204, a request that the caller may not read is 403.
#[utoipa::path(
    operation_id = "mim_get_request",
    tag = "mim",
    params(("id" = Uuid, Path, description = "The request's GUID, with hyphens, without, in braces or in parentheses, in any case.",
        example = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099")),
    responses(
        (status = 200, description = "The request.", body = wire::Request),
        (status = 204, description = "There is no such request."),
        Errors,
    ),
)]
#[get("/requests/{id}")]
pub(super) async fn get_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    reading: Reading,
    id: Path<String>,
) -> Result<HttpResponse, Fault> {
    let key = RequestKey::Id(guid("id", &id)?.into());
    let request = state.requests.certificate_request(&caller, reading.of(key)).await?;
    convert::request(&request).map_or_else(|| Ok(nothing()), |request| json(&request))
}

/// List profiles
///
/// The caller's own software profiles, oldest first, each with the operations that the caller may
/// ask for (`spec/mim-cm.md` A.1 row 18). Nothing to list is 204.
#[utoipa::path(
    operation_id = "mim_list_profiles",
    tag = "mim",
    params(("status" = Option<String>, Query, example = "Active",
        description = "Only profiles in this status: New, Active, Suspended, Disabled or Retired, in any case. \
                       The statuses of requests are taken too and match no profile.")),
    responses(
        (status = 200, description = "The profiles.", body = Vec<wire::Profile>),
        (status = 204, description = "There is no such profile."),
        Errors,
    ),
)]
#[get("/profiles")]
pub(super) async fn list_profiles(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let status = match ProfileFilter::read(&Parameters::read(request.query_string())?)? {
        ProfileFilter::All => None,
        ProfileFilter::In(status) => Some(status),
        ProfileFilter::Never => return Ok(nothing()),
    };
    profile_list(&state.profiles.own(&caller, status).await?)
}

/// Get a profile
///
/// One profile with the operations that the caller may ask for (`spec/mim-cm.md` A.1 row 18): the
/// caller's own, or of a user over whom the caller holds a right. An unknown identifier is 204.
#[utoipa::path(
    operation_id = "mim_get_profile",
    tag = "mim",
    params(("id" = Uuid, Path, description = "The profile's GUID, with hyphens, without, in braces or in parentheses, in any case.",
        example = "c0dd5c7d-ec35-4346-baca-3ad711e9722f")),
    responses(
        (status = 200, description = "The profile.", body = wire::Profile),
        (status = 204, description = "There is no such profile."),
        Errors,
    ),
)]
#[get("/profiles/{id}")]
pub(super) async fn get_profile(
    state: Data<AppState>,
    caller: CurrentCaller,
    id: Path<String>,
) -> Result<HttpResponse, Fault> {
    let id = guid("id", &id)?;
    json(&convert::profile(&state.profiles.profile(&caller, id.into()).await?))
}

/// List the profiles of a request
///
/// The profiles that a request acts on and makes, those of cards too (`spec/mim-cm.md` A.1 row 11).
/// Nothing to list, and an unknown request, is 204.
#[utoipa::path(
    operation_id = "mim_list_request_profiles",
    tag = "mim",
    params(
        ("requestid" = Uuid, Path, description = "The request's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "0c96d73f-967b-420e-854a-43ad2a1504bc"),
        ("status" = Option<String>, Query, example = "Active",
            description = "Only profiles in this status: New, Active, Suspended, Disabled or Retired, in any case. \
                           The statuses of requests are taken too and match no profile."),
    ),
    responses(
        (status = 200, description = "The profiles.", body = Vec<wire::Profile>),
        (status = 204, description = "There is no such request, or no such profile."),
        Errors,
    ),
)]
#[get("/requests/{requestid}/profiles")]
pub(super) async fn list_request_profiles(
    state: Data<AppState>,
    caller: CurrentCaller,
    request_id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let request_id = guid("requestid", &request_id)?;
    let filter = ProfileFilter::read(&Parameters::read(request.query_string())?)?;
    let mut views = state.profiles.of_request(&caller, request_id.into()).await?;
    views.retain(|view| filter.takes(view.profile.status));
    profile_list(&views)
}

/// Get a profile of a request
///
/// One of the profiles that a request acts on or makes (`spec/mim-cm.md` A.1 row 11). An unknown
/// request, and a profile that is not the request's, is 204.
#[utoipa::path(
    operation_id = "mim_get_request_profile",
    tag = "mim",
    params(
        ("requestid" = Uuid, Path, description = "The request's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "0c96d73f-967b-420e-854a-43ad2a1504bc"),
        ("id" = Uuid, Path, description = "The profile's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "b99ff38c-6653-471f-ae3c-325bb351a6bc"),
    ),
    responses(
        (status = 200, description = "The profile.", body = wire::Profile),
        (status = 204, description = "There is no such request, or it has no such profile."),
        Errors,
    ),
)]
#[get("/requests/{requestid}/profiles/{id}")]
pub(super) async fn get_request_profile(
    state: Data<AppState>,
    caller: CurrentCaller,
    ids: Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let (request_id, id) = ids.into_inner();
    let request_id = guid("requestid", &request_id)?;
    let id = guid("id", &id)?;
    let views = state.profiles.of_request(&caller, request_id.into()).await?;
    match views.iter().find(|view| view.profile.id.as_uuid() == id) {
        Some(view) => json(&convert::profile(view)),
        None => Ok(nothing()),
    }
}

fn profile_list(views: &[ProfileView]) -> Result<HttpResponse, Fault> {
    if views.is_empty() {
        return Ok(nothing());
    }
    json(&views.iter().map(convert::profile).collect::<Vec<_>>())
}

pub(super) fn guid(field: &str, text: &str) -> Result<Uuid, Fault> {
    parse_guid(text).ok_or_else(|| Fault::invalid(field, "must be a GUID"))
}
