//! OIG's writes: parse, one service call an element, convert.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, post, put};
use countersign_core::event::Channel;
use countersign_core::ids::{GrantNumber, RequestNumber};
use countersign_core::lifecycle::Command;
use countersign_core::request::{Request, RequestKey};
use countersign_core::service::{Sight, Via};
use serde_json::Value;

use super::action::{Asked, asked};
use super::address::Addresses;
use super::bulk::Bulk;
use super::convert_write::{Placing, either_number, fault, number, placing};
use super::error::{BulkErrors, WriteErrors};
use super::guard::WriteHeaders;
use super::read::Discarded;
use super::wire::Link;
use super::wire_write as wire;
use super::wire_write::{RequestResult, Verdict};
use super::{accept, read};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody, json};
use crate::links;
use crate::state::AppState;

/// Make requests
///
/// Each element is a request of its own (`spec/oig-requests.md` A.2, B.7, B.8): the good ones are
/// made, in their order, and each of the others says what is wrong with it. Everybody asks for
/// themselves; for others, whom the request rules let. An element with `action` `SAVE` is kept as a
/// draft; one with the `id` of the caller's own draft submits it. A target with `action` `revoke`
/// asks that something be taken away.
#[utoipa::path(
    operation_id = "oig_create_requests",
    tag = "oig",
    params(WriteHeaders),
    request_body(content = wire::CreateRequests, description = "The requests.", examples(
        ("roles" = (summary = "Two roles for somebody else, from a date to another", value = json!({"requests": [{
            "requestId": "Req1001", "reqJustification": "Request role for sub-ordinate",
            "reqBeneficiaryList": [{"id": "24"}], "reqTargetEntities": [
                {"entityId": "12", "entityType": "role",
                    "startDate": "2019-06-20T01:30:00Z", "endDate": "2019-09-25T18:30:00Z"},
                {"entityId": "13", "entityType": "role",
                    "startDate": "2019-06-20T01:30:00Z", "endDate": "2019-09-25T18:30:00Z"}]}]}))),
        ("account" = (summary = "An account", value = json!({"requests": [{
            "reqJustification": "Request account for sub-ordinates", "reqBeneficiaryList": [{"id": "82"}],
            "reqTargetEntities": [
                {"entityId": "21", "entityType": "appinstance", "endDate": "2019-07-25T18:30:00Z"}]}]}))),
        ("draft" = (summary = "A draft", value = json!({"requests": [{"action": "SAVE",
            "reqTargetEntities": [{"entityId": "12", "entityType": "role"}]}]}))),
        ("checkout" = (summary = "The submission of a draft", value = json!({"requests": [{"id": "3004"}]}))),
        ("revoke" = (summary = "A role that is to be taken away", value = json!({"requests": [{
            "reqBeneficiaryList": [{"id": "24"}],
            "reqTargetEntities": [{"entityId": "12", "entityType": "role", "action": "revoke"}]}]}))),
    )),
    responses(
        (status = 200, description = "What became of each.", body = wire::Results,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        BulkErrors,
    ),
)]
#[post("/requests")]
pub(super) async fn create_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    body: JsonBody,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let elements = read::bulk::<wire::CreateRequests>(&body)?.requests;
    let via = via(&request, Channel::Oig, "oig_create_requests")?;
    let bulk = Bulk { state: &state, caller: &caller, request: &request, via };
    let requests =
        bulk.run(&elements, async |element, via| create(&state, &caller, &request, element, &via).await).await?;
    answer(&wire::Results { links: vec![Link::own(addresses(&state, &request).requests())], requests })
}

async fn create(
    state: &AppState,
    caller: &CurrentCaller,
    request: &HttpRequest,
    element: &Value,
    via: &Via,
) -> Result<RequestResult, Fault> {
    let new: wire::CreateRequest = read::element("requests", element)?;
    let (placed, req_status) = match placing(&new)? {
        Placing::Order(order) => {
            let status = if order.draft { "Request Draft Created" } else { "Request Created" };
            (state.workflow.place(caller, &order, via).await, status)
        }
        Placing::CheckOut(draft) => {
            let submit = Command::Submit { stages: Vec::new() };
            let key = RequestKey::Number(draft);
            (state.workflow.act(caller, key, &submit, Sight::Oig, via).await, "Request Created")
        }
    };
    let result = success(&addresses(state, request), &placed.map_err(fault)?);
    Ok(RequestResult { req_status: Some(req_status), ..result })
}

/// Act on requests, or edit them
///
/// Each element is about one request (`spec/oig-requests.md` A.3, A.8, B.9, B.10), named by `id`:
/// with `action`, that; without, its other members change what the request asks for, until the first
/// vote. What can be done is done, in the order of the elements, and each of the others says what is
/// wrong with it.
#[utoipa::path(
    operation_id = "oig_update_requests",
    tag = "oig",
    params(WriteHeaders),
    request_body(content = wire::UpdateRequests, description = "What is to be done.", examples(
        ("decide" = (summary = "Two decisions", value = json!({"requests": [
            {"id": "1003", "actionComment": "rest sysadmin approved", "action": "approve"},
            {"id": "23", "actionComment": "rest sysadmin reject", "action": "reject"}]}))),
    )),
    responses(
        (status = 200, description = "What became of each.", body = wire::Results,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        BulkErrors,
    ),
)]
#[put("/requests")]
pub(super) async fn update_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    body: JsonBody,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let elements = read::bulk::<wire::UpdateRequests>(&body)?.requests;
    let via = via(&request, Channel::Oig, "oig_update_requests")?;
    let bulk = Bulk { state: &state, caller: &caller, request: &request, via };
    let addresses = addresses(&state, &request);
    let one = async |element: &Value, via: Via| {
        let element: wire::UpdateRequest = read::element("requests", element)?;
        let number = number("id", element.id.as_ref())?;
        update(&state, &caller, number, &element, &via).await.map(|request| success(&addresses, &request))
    };
    let requests = bulk.run(&elements, one).await?;
    answer(&wire::Results { links: vec![Link::own(addresses.requests())], requests })
}

/// Act on a request, or edit it
///
/// The same as an element of the bulk call, about the request in the path (`spec/oig-requests.md`
/// A.5): what cannot be done is an error.
#[utoipa::path(
    operation_id = "oig_update_request",
    tag = "oig",
    params(
        ("reqid" = String, Path, description = "The request's number.", example = "1003", pattern = "^[1-9][0-9]*$"),
        WriteHeaders,
    ),
    request_body(content = wire::UpdateRequest, description = "What is to be done.", examples(
        ("approve" = (summary = "A decision on a task", value = json!({"requestId": "coder-1001",
            "taskId": "2c91aeca-9169-47fd-847f-466763af278a", "action": "approve"}))),
        ("reassign" = (summary = "A task for others", value = json!({"action": "reassign",
            "assignees": [{"name": "approver"}, {"name": "APPROVERS", "type": "group"}]}))),
        ("edit" = (summary = "Other dates", value = json!({"requestId": "coder-1001", "reqTargetEntities": [{
            "appFormData": [{"name": "endDate", "value": "2019-12-24T07:00:00Z"},
                {"name": "startDate", "value": "2019-07-15T07:00:00Z"}],
            "entityId": "11", "entityType": "Role"}]}))),
    )),
    responses(
        (status = 200, description = "It is done.", body = RequestResult,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        WriteErrors,
    ),
)]
#[put("/requests/{reqid}")]
pub(super) async fn update_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    number: Path<String>,
    body: JsonBody,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let number = in_path("reqid", &number)?;
    let element: wire::UpdateRequest = read::body(&body)?;
    let via = via(&request, Channel::Oig, "oig_update_request")?;
    let done = update(&state, &caller, number, &element, &via).await?;
    let request_id = element.request_id.map(|wire::Text(id)| id);
    answer(&RequestResult { request_id, ..success(&addresses(&state, &request), &done) })
}

async fn update(
    state: &AppState,
    caller: &CurrentCaller,
    number: RequestNumber,
    element: &wire::UpdateRequest,
    via: &Via,
) -> Result<Request, Fault> {
    let key = RequestKey::Number(number);
    let command = match asked(element)? {
        Asked::Edit { task, comment, edit } => {
            return state.workflow.edit(caller, key, task, comment, edit, Sight::Oig, via).await.map_err(fault);
        }
        Asked::Give(giving, to) => giving.to(state.directory.assignees(&to).await.map_err(fault)?),
        Asked::Do(command) => command,
    };
    state.workflow.act(caller, key, &command, Sight::Oig, via).await.map_err(fault)
}

/// Take requests back
///
/// Each element names one request whose approval is still open, or a draft (`spec/oig-requests.md`
/// A.6), by either of its members: where both name a request that the caller can take back, nothing
/// is. Whoever asked may, and administrators.
#[utoipa::path(
    operation_id = "oig_withdraw_requests",
    tag = "oig",
    params(WriteHeaders),
    request_body(content = wire::WithdrawRequests, description = "Which.", examples(
        ("two" = (summary = "Two requests", value = json!({"requests": [
            {"requestId": "3007", "id": "2"}, {"requestId": "2030", "id": "3"}]}))),
    )),
    responses(
        (status = 200, description = "What became of each.", body = wire::WithdrawalResults,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        BulkErrors,
    ),
)]
#[delete("/requests")]
pub(super) async fn withdraw_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    body: JsonBody,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let elements = read::bulk::<wire::WithdrawRequests>(&body)?.requests;
    let via = via(&request, Channel::Oig, "oig_withdraw_requests")?;
    let bulk = Bulk { state: &state, caller: &caller, request: &request, via };
    let one = async |element: &Value, via: Via| {
        let element: wire::WithdrawRequest = read::element("requests", element)?;
        let numbers = either_number(&element)?;
        state.workflow.withdraw_either(&caller, &numbers, &via).await.map_err(fault)?;
        // Which of the two it was the client knows; both are sent back as they came.
        Ok(RequestResult { status: Verdict::Success, ..RequestResult::default() })
    };
    answer(&wire::WithdrawalResults { requests: bulk.run(&elements, one).await? })
}

/// Take a request back
///
/// As long as its approval is open; a draft is thrown away (`spec/oig-requests.md` A.7). Whoever
/// asked may, and administrators. A body is not needed and not read.
#[utoipa::path(
    operation_id = "oig_withdraw_request",
    tag = "oig",
    params(
        ("reqid" = String, Path, description = "The request's number.", example = "4007", pattern = "^[1-9][0-9]*$"),
        WriteHeaders,
    ),
    responses(
        (status = 200, description = "It is taken back.", body = wire::Withdrawal,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        WriteErrors,
    ),
)]
#[delete("/requests/{reqid}")]
pub(super) async fn withdraw_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    number: Path<String>,
    _body: Discarded,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let number = in_path("reqid", &number)?;
    let via = via(&request, Channel::Oig, "oig_withdraw_request")?;
    let command = Command::Withdraw { reason: None };
    let key = RequestKey::Number(number);
    let done = state.workflow.act(&caller, key, &command, Sight::Oig, &via).await.map_err(fault)?;
    let links = vec![addresses(&state, &request).request(done.number)];
    answer(&wire::Withdrawal { links, id: done.number.to_string(), status: wire::Withdrawn::Withdrawn })
}

/// Take an account away
///
/// Makes a request that takes the account away from whoever has it, once it is approved
/// (`spec/oig-requests.md` A.2, A.9). Everybody may ask that for themselves; for others, whom the
/// request rules let. A body is not needed and not read.
#[utoipa::path(
    operation_id = "oig_revoke_account",
    tag = "oig",
    params(
        ("accountid" = String, Path, description = "The account's number.", example = "1", pattern = "^[1-9][0-9]*$"),
        WriteHeaders,
    ),
    responses(
        (status = 200, description = "The request is made.", body = wire::AccountRevocation,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        WriteErrors,
    ),
)]
#[delete("/accounts/{accountid}")]
pub(super) async fn revoke_account(
    state: Data<AppState>,
    caller: CurrentCaller,
    number: Path<String>,
    _body: Discarded,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let number: GrantNumber = in_path("accountid", &number)?;
    let via = via(&request, Channel::Oig, "oig_revoke_account")?;
    let raised = state.workflow.revoke_account(&caller, number, &via).await.map_err(fault)?;
    let addresses = addresses(&state, &request);
    answer(&wire::AccountRevocation {
        links: vec![addresses.account(number)],
        id: number.to_string(),
        status: Verdict::Success,
        request: wire::RaisedRequest { id: raised.number.to_string(), links: vec![addresses.request(raised.number)] },
    })
}

/// What is no number names nothing.
fn in_path<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|error| Fault::Absent(format!("{name}: {error}")))
}

fn addresses(state: &AppState, request: &HttpRequest) -> Addresses {
    Addresses::new(links::origin(request, &state.settings.server))
}

fn success(addresses: &Addresses, request: &Request) -> RequestResult {
    RequestResult {
        links: Some(vec![addresses.request(request.number)]),
        id: Some(request.number.to_string()),
        status: Verdict::Success,
        ..RequestResult::default()
    }
}

fn answer(body: &impl serde::Serialize) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::Ok().content_type("application/json").body(json::body(body)?))
}
