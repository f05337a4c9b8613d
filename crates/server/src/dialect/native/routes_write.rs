//! Making requests and acting on them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use countersign_core::directory::Caller;
use countersign_core::event::Channel;
use countersign_core::lifecycle::TaskRef;
use countersign_core::request::Request;
use countersign_core::service::{Sight, UserKey};

use super::convert::{explanation, told};
use super::convert_write::{Asked, UserName, asked, decision, order, users};
use super::error::{Absent, Conflict, Errors, Forbidden, KeyReused, MediaType, Stale, fault};
use super::etag::{Condition, condition};
use super::read::{body, request_key};
use super::wire::Explanation;
use super::wire_write as wire;
use super::{WriteHeaders, created, json, tagged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody};
use crate::state::AppState;

/// Make a request
///
/// One request for everything that is asked for; for several people or things it splits, after its
/// approval as a whole, into one child for each of them. Everybody asks for themselves; for others, whom
/// the request rules let.
#[utoipa::path(
    operation_id = "native_create_request",
    tag = "native",
    params(WriteHeaders),
    request_body(content = wire::NewRequest, description = "What is asked for.", examples(
        ("role" = (summary = "A role for somebody else, until a date", value = json!({
            "beneficiaries": [{"login": "user24"}], "justification": "Joins the project",
            "targets": [{"entityType": "Role", "entityKey": "12", "end": "2030-12-31T23:00:00Z"}]}))),
        ("certificate" = (summary = "Certificates for the caller", value = json!({
            "targets": [{"entityType": "ProfileTemplate", "entityKey": "8f31803f-8afc-49bb-911d-402ec264b589"}]}))),
        ("take" = (summary = "A role that is to be taken away", value = json!({
            "intent": "take", "beneficiaries": [{"number": 24}],
            "targets": [{"entityType": "Role", "entityKey": "12"}]}))),
    )),
    responses(
        (status = 201, description = "The request as it was made.", body = super::wire::Request, headers(
            ("Location" = String, description = "Where the request is."),
            ("ETag" = String, description = "The content revision, in quotation marks."))),
        Errors, Forbidden, MediaType, KeyReused,
    ),
)]
#[post("/requests")]
pub(super) async fn create_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_request")?;
    let new: wire::NewRequest = body(&request, &sent)?;
    let beneficiaries = beneficiaries(&state, &new).await?;
    let placed = state.workflow.place(&caller, &order(new, beneficiaries)?, &via).await.map_err(fault)?;
    let revision = placed.content_revision;
    let view = state.requests.told(Some(&caller), placed).await?;
    let path = format!("requests/{}", view.request.id);
    created(&request, &state.settings.server, &path, &told(&view), revision)
}

/// Logins are looked up before the order is made.
async fn beneficiaries(state: &AppState, new: &wire::NewRequest) -> Result<Vec<UserKey>, Fault> {
    let mut keys = Vec::with_capacity(new.beneficiaries.len());
    for (at, name) in users(&new.beneficiaries)?.into_iter().enumerate() {
        keys.push(match name {
            UserName::Key(key) => key,
            UserName::Login(login) => {
                let user = state.directory.user_by_login(&login).await?;
                let unknown = || Fault::invalid(&format!("beneficiaries[{at}].login"), "there is no such user");
                UserKey::Id(user.ok_or_else(unknown)?.id)
            }
        });
    }
    Ok(keys)
}

/// Say what approval a request would need
///
/// The body is that of a new request, and nothing is made of it.
#[utoipa::path(
    operation_id = "native_explain_request",
    tag = "native",
    request_body(content = wire::NewRequest, description = "What would be asked for.", examples(
        ("role" = (summary = "A role for somebody else", value = json!({
            "beneficiaries": [{"login": "user24"}], "targets": [{"entityType": "Role", "entityKey": "12"}]}))),
    )),
    responses(
        (status = 200, description = "What would have to happen.", body = Explanation),
        Errors, Forbidden, MediaType,
    ),
)]
#[post("/requests/explain")]
pub(super) async fn explain_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let new: wire::NewRequest = body(&request, &sent)?;
    let beneficiaries = beneficiaries(&state, &new).await?;
    let explained = state.workflow.explain(&caller, &order(new, beneficiaries)?).await.map_err(fault)?;
    let asked: Vec<_> = explained.stages.iter().flat_map(|stage| stage.approvers.iter().copied()).collect();
    json(&explanation(&explained, &state.directory.names(&caller, &asked).await?))
}

/// Decide on a request
///
/// Approves or denies on one of its tasks. With `If-Match`, only if what is asked for is still what the
/// caller saw: after an edit it is 412 and nothing happens; somebody else's vote in between does not matter.
#[utoipa::path(
    operation_id = "native_decide_request",
    tag = "native",
    params(
        ("request" = String, Path, description = "The request's GUID or number.", example = "2034"),
        ("If-Match" = Option<String>, Header, example = "\"1\"",
            description = "The ETag of the request as the caller saw it. Left out: whatever is asked for now."),
        WriteHeaders,
    ),
    request_body(content = wire::Decision, description = "The decision.", examples(
        ("approve" = (summary = "Yes", value = json!({"outcome": "approve", "comment": "fine"}))),
        ("deny" = (summary = "No, on this task", value = json!({
            "outcome": "deny", "comment": "not needed", "task": "019a2b7c-1111-7abc-8def-0123456789ab"}))),
    )),
    responses(
        (status = 200, description = "The request after that.", body = super::wire::Request,
            headers(("ETag" = String, description = "The content revision, in quotation marks."))),
        Errors, Forbidden, Absent, Conflict, Stale, MediaType, KeyReused,
    ),
)]
#[post("/requests/{request}/decisions")]
pub(super) async fn decide_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_decide_request")?;
    let key = request_key(&key)?;
    let seen = condition(&request)?.and_then(Condition::revision);
    let command = decision(body(&request, &sent)?, seen);
    let after = state.workflow.act(&caller, key, &command, Sight::Oig, &via).await.map_err(fault)?;
    answer(&state, Some(&caller), after).await
}

/// Act on a request
///
/// Everything but decisions: what can be done to its tasks, and to the request as a whole.
#[utoipa::path(
    operation_id = "native_act_on_request",
    tag = "native",
    params(("request" = String, Path, description = "The request's GUID or number.", example = "2034"), WriteHeaders),
    request_body(content = wire::Action, description = "What is to be done.", examples(
        ("claim" = (summary = "A group's task is taken", value = json!({"action": "claim"}))),
        ("reassign" = (summary = "A task goes to a group", value = json!({
            "action": "reassign", "to": [{"group": "APPROVERS"}], "comment": "away until Monday"}))),
        ("withdraw" = (summary = "It is not wanted any more", value = json!({"action": "withdraw"}))),
        ("edit" = (summary = "The requester changes a date", value = json!({
            "action": "edit", "targets": [{"entityType": "Role", "entityKey": "12", "end": "2031-01-31T23:00:00Z"}]}))),
    )),
    responses(
        (status = 200, description = "The request after that.", body = super::wire::Request,
            headers(("ETag" = String, description = "The content revision, in quotation marks."))),
        Errors, Forbidden, Absent, Conflict, MediaType, KeyReused,
    ),
)]
#[post("/requests/{request}/actions")]
pub(super) async fn act_on_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_act_on_request")?;
    let key = request_key(&key)?;
    let caller: &Caller = &caller;
    let workflow = &state.workflow;
    let after = match asked(body(&request, &sent)?)? {
        Asked::Do(command) => workflow.act(caller, key, &command, Sight::Oig, &via).await,
        Asked::Give(giving, to) => {
            let command = giving.to(state.directory.assignees(&to).await.map_err(fault)?);
            workflow.act(caller, key, &command, Sight::Oig, &via).await
        }
        Asked::Edit(edit) => workflow.edit(caller, key, TaskRef::First, None, edit, Sight::Oig, &via).await,
    };
    answer(&state, Some(caller), after.map_err(fault)?).await
}

/// The same whenever the call is sent again.
pub(super) async fn answer(state: &AppState, caller: Option<&Caller>, after: Request) -> Result<HttpResponse, Fault> {
    let revision = after.content_revision;
    tagged(&told(&state.requests.told(caller, after).await?), revision)
}
