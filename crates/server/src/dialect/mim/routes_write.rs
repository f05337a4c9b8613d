//! MIM's writes: parse, one service call, convert.

use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, post, put};
use countersign_core::event::Channel;
use countersign_core::request::RequestKey;
use countersign_core::service::Sight;

use super::error::WriteErrors;
use super::routes::guid;
use super::{BASE, JSON, convert, convert_write, json as answer, nothing, read, wire, wire_write};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody};
use crate::links;
use crate::state::AppState;

/// Create a request
///
/// Asks for certificates or for a smart card (`spec/mim-cm.md` A.1 row 5). The template's policy decides
/// whether the caller may, and whether the request waits for approval. A template that does not exist is
/// as forbidden as one that the caller may not read.
#[utoipa::path(
    operation_id = "mim_create_request",
    tag = "mim",
    params(("Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
        description = "Under the same key the same call has one effect, and the same answer, for seven days: 1 to 255 visible \
                       characters. Another body under it is refused.")),
    request_body(content = wire_write::NewRequest, description = "What is asked for.", examples(
        ("enroll" = (summary = "A first profile or card", value = json!({"datacollection": "[]", "type": "Enroll",
            "profiletemplateuuid": "12bd5120-86a2-4ee1-8d05-131066871578", "comment": ""}))),
        ("unblock" = (summary = "A card's PIN reset", value = json!({"datacollection": "[]", "type": "Unblock",
            "smartcard": "17cf063d-e337-4aa9-a822-346554ddd3c9", "comment": ""}))),
        ("answers" = (summary = "With answers, for somebody else", value = json!({
            "datacollection": [{"name": "pavle"}, {"city": "seattle"}], "type": "Enroll",
            "profiletemplateuuid": "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1",
            "target": "8f1590dc-d932-4b66-8e68-2e91c5880780", "comment": "", "priority": 4}))),
    )),
    responses(
        (status = 201, description = "The request's address, from the virtual folder on.", body = String,
            content_type = "application/json",
            headers(("Location" = String, description = "The same, from the root on.")),
            example = json!("api/v1.0/requests/a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099")),
        WriteErrors,
    ),
)]
#[post("/requests")]
pub(super) async fn create_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Mim, "mim_create_request")?;
    let order = convert_write::order(&read::body(&body)?)?;
    let placed = state.workflow.place_certificate(&caller, &order, &via).await.map_err(convert_write::fault)?;
    let path = format!("requests/{}", placed.id);
    let location = format!("{}{BASE}/{path}", links::mount(&request, &state.settings.server));
    let address = serde_json::to_vec(&format!("api/v1.0/{path}"))?;
    Ok(HttpResponse::Created().insert_header((CONTENT_TYPE, JSON)).insert_header((LOCATION, location)).body(address))
}

/// Complete, cancel or abandon a request
///
/// Ends a request (`spec/mim-cm.md` A.1 row 8). Its executor completes it: the user that it is for, or an
/// enrollment agent of its policy. Who asked for it and whom it is for cancel it; who asked for it and its
/// executor abandon it, which leaves it Failed. A request that has ended stays as it is; to complete it once
/// more is 200.
#[utoipa::path(
    operation_id = "mim_set_request_status",
    tag = "mim",
    params(
        ("id" = uuid::Uuid, Path, description = "The request's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
            description = "Under the same key the same call has one effect, and the same answer, for seven days: 1 to 255 visible \
                           characters. Another body under it is refused."),
    ),
    request_body(content = wire_write::StatusChange, description = "How it ends.", examples(
        ("completed" = (summary = "It has been carried out", value = json!({"status": "Completed"}))),
        ("canceled" = (summary = "It is not wanted any more", value = json!({"status": "Canceled"}))),
        ("abandoned" = (summary = "It cannot be carried out", value = json!({"status": "Abandoned"}))),
    )),
    responses(
        (status = 200, description = "The request as it is now.", body = wire::Request),
        (status = 204, description = "There is no such request."),
        WriteErrors,
    ),
)]
#[put("/requests/{id}")]
pub(super) async fn set_request_status(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Mim, "mim_set_request_status")?;
    let key = RequestKey::Id(guid("id", &id)?.into());
    let command = convert_write::command(&read::body(&body)?)?;
    let after = state.workflow.act(&caller, key, &command, Sight::Mim, &via).await.map_err(convert_write::fault)?;
    convert::request(&after).map_or_else(|| Ok(nothing()), |request| answer(&request))
}

/// Send certificate requests
///
/// Begins to carry an approved request out (`spec/mim-cm.md` A.1 row 10, F.2 step 6): its executor sends the
/// certificate requests that were built for it. No authority is connected yet, so none is issued and the
/// answer is empty; the request is Executing from then on. A request for a card takes them once a card is
/// bound to it.
#[utoipa::path(
    operation_id = "mim_submit_certificate_data",
    tag = "mim",
    params(
        ("id" = uuid::Uuid, Path, description = "The request's GUID, with hyphens, without, in braces or in parentheses, in any case.",
            example = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
            description = "Under the same key the same call has one effect, and the same answer, for seven days: 1 to 255 visible \
                           characters. Another body under it is refused, the password aside."),
    ),
    request_body(content = wire_write::CertificateData, description = "The certificate requests.", examples(
        ("none" = (summary = "The server makes all keys", value = json!({"pfxpassword": "", "certificaterequests": []}))),
    )),
    responses(
        (status = 200, description = "What became of each.", body = Vec<wire_write::IssuedCertificate>),
        (status = 204, description = "There is no such request."),
        WriteErrors,
    ),
)]
#[post("/requests/{id}/certificatedata")]
pub(super) async fn submit_certificate_data(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Mim, "mim_submit_certificate_data")?;
    let key = RequestKey::Id(guid("id", &id)?.into());
    let data = convert_write::certificate_data(&read::body(&body)?)?;
    let submitted = state.workflow.submit_certificate_data(&caller, key, &data, &via).await;
    submitted.map_err(convert_write::fault)?;
    answer(&Vec::<wire_write::IssuedCertificate>::new())
}
