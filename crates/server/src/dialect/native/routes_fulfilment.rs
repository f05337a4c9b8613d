//! What is being carried out, and how it went.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::event::Channel;
use countersign_core::ids::WebhookId;
use countersign_core::repository::RequestCursor;
use countersign_core::request::RequestKey;
use countersign_core::service::CallKey;

use super::convert::Printer;
use super::convert_write::report;
use super::cursor::Cursor;
use super::error::{Absent, Conflict, Errors, Forbidden, KeyReused, MediaType, fault};
use super::read::{body, request_key};
use super::routes_write::answer;
use super::wire::{Request, RequestPage};
use super::wire_write::FulfilmentReport;
use super::{PageParameters, WriteHeaders, page, paged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody, Parameters};
use crate::signature::{SIGNATURE, TIMESTAMP, is_signed};
use crate::state::AppState;

const OPERATION: &str = "native_report_fulfilment";

/// How far the time of a signed call may lie from ours, in seconds.
const TOLERANCE: i64 = 300;

/// List what is being carried out
///
/// The requests that a person or a program is to carry out, the oldest first, each with what stood in the way
/// the last time; for administrators.
#[utoipa::path(
    operation_id = "native_list_fulfilments",
    tag = "native",
    params(PageParameters),
    responses(
        (status = 200, description = "The page.", body = RequestPage,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors, Forbidden,
    ),
)]
#[get("/fulfilments")]
pub(super) async fn list_fulfilments(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let (limit, after) = (page::limit(&parameters)?, page::cursor::<RequestCursor>(&parameters)?);
    let found = state.fulfilments.list(&caller, after, limit).await?;
    let printer = Printer { names: &found.names };
    let items = found.requests.iter().map(|request| printer.listed(request)).collect();
    let next = found.next.map(|next| next.write());
    paged(&request, &state.settings.server, &RequestPage { items, next: next.clone() }, next.as_deref())
}

/// Say how carrying a request out went
///
/// By an administrator; or by the program behind a webhook of the purpose `fulfil`, which signs the call with
/// the webhook's key instead of sending credentials, as deliveries are signed, and repeats the request's GUID in
/// the body. A signed call that is sent again has one effect.
#[utoipa::path(
    operation_id = "native_report_fulfilment",
    tag = "native",
    security(("basic" = []), ("webhookSignature" = [])),
    params(
        ("request" = String, Path, description = "The request's GUID or number.", example = "2034"),
        ("X-Countersign-Timestamp" = Option<i64>, Header, example = 1_561_062_848,
            description = "Of a signed call: the time, in seconds since 1970, at most five minutes from the server's."),
        WriteHeaders,
    ),
    request_body(content = FulfilmentReport, description = "How it went.", examples(
        ("completed" = (summary = "It has been carried out", value = json!({"outcome": "completed"}))),
        ("stumbled" = (summary = "It did not work, and may later", value = json!({
            "outcome": "stumbled", "reason": "the directory is down"}))),
        ("signed" = (summary = "The same, signed", value = json!({
            "outcome": "completed", "request": "019a2b7c-3333-7abc-8def-0123456789ab"}))),
    )),
    responses(
        (status = 200, description = "The request after that.", body = Request,
            headers(("ETag" = String, description = "The content revision, in quotation marks."))),
        Errors, Forbidden, Absent, Conflict, MediaType, KeyReused,
    ),
)]
#[post("/fulfilments/{request}")]
pub(super) async fn report_fulfilment(
    state: Data<AppState>,
    caller: Option<CurrentCaller>,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let mut via = via(&request, Channel::Native, OPERATION)?;
    let after = match &caller {
        Some(caller) => {
            let (key, report) = (request_key(&key)?, report(body(&request, &sent)?)?);
            state.fulfilments.report(caller, key, report, &via).await
        }
        None => {
            let (webhook, signature) = signer(&state, &request, &sent).await?;
            let said: FulfilmentReport = body(&request, &sent)?;
            let key = signed_key(&key, &said)?;
            // One signature is one call, whoever sends it again.
            let signature = || CallKey { operation: OPERATION, key: signature, element: 0 };
            via.key = Some(via.key.take().unwrap_or_else(signature));
            state.fulfilments.report_of_program(webhook, key, report(said)?, &via).await
        }
    };
    answer(&state, caller.as_deref(), after.map_err(fault)?).await
}

/// Which webhook signed the call.
async fn signer(state: &AppState, request: &HttpRequest, body: &[u8]) -> Result<(WebhookId, String), Fault> {
    let refused = |why: &str| Fault::Unauthenticated(why.to_owned());
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let signature = header(SIGNATURE).ok_or_else(|| refused("credentials or a signature are needed"))?;
    let timestamp = header(TIMESTAMP).ok_or_else(|| refused("X-Countersign-Timestamp: is missing"))?;
    let seconds: i64 = timestamp.parse().map_err(|_| refused("X-Countersign-Timestamp: is no number of seconds"))?;
    let now = SystemClock.now().as_micros().div_euclid(1_000_000);
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(refused("X-Countersign-Timestamp: is too far from the time of this server"));
    }
    let keys = state.fulfilments.keys().await?;
    let signer = keys.into_iter().find(|(_, secret)| is_signed(secret, timestamp, body, signature));
    let (webhook, _) = signer.ok_or_else(|| refused("X-Countersign-Signature: is that of no webhook that fulfils"))?;
    Ok((webhook, signature.to_ascii_lowercase()))
}

/// The request, which stands in the path and in what is signed.
fn signed_key(path: &str, said: &FulfilmentReport) -> Result<RequestKey, Fault> {
    let named = said.request.map(|id| RequestKey::Id(id.into()));
    match (request_key(path)?, named) {
        (key, Some(named)) if key == named => Ok(named),
        (_, None) => Err(Fault::invalid("request", "must be the request's GUID, so that it is signed too")),
        _ => Err(Fault::invalid("request", "is not the GUID in the path")),
    }
}
