//! Webhooks, for administrators.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use countersign_core::event::Channel;
use countersign_core::ids::{Revision, WebhookId};

use super::convert_admin::{Sent, printed, secret, webhook};
use super::error::{Absent, Errors, Forbidden, KeyReused, MediaType, Stale, Unconditional, fault};
use super::etag::required;
use super::read::{body, id};
use super::wire_admin::{Webhook, Webhooks};
use super::wire_write::Replay;
use super::{ReplaceHeaders, WriteHeaders, created, json, tagged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody};
use crate::state::AppState;

/// List the webhooks
///
/// Each with how far it has been told and what went wrong; for administrators.
#[utoipa::path(
    operation_id = "native_list_webhooks",
    tag = "native",
    responses((status = 200, description = "The webhooks.", body = Webhooks), Errors, Forbidden),
)]
#[get("/webhooks")]
pub(super) async fn list_webhooks(state: Data<AppState>, caller: CurrentCaller) -> Result<HttpResponse, Fault> {
    let found = state.administration.webhooks(&caller).await?;
    let items = found.iter().map(|(found, delivery)| webhook(found, delivery)).collect::<Result<_, _>>()?;
    json(&Webhooks { items, next: None })
}

/// Make a webhook
///
/// It hears of what happens from then on. With the purpose `fulfil` it is told of each request that a
/// program carries out, when it begins and when it is to be tried again, and calls back.
#[utoipa::path(
    operation_id = "native_create_webhook",
    tag = "native",
    params(WriteHeaders),
    request_body(content = Webhook, description = "The webhook, with its key.", example = json!({
        "name": "Chat", "url": "https://hooks.example.com/countersign", "streams": ["request"],
        "secret": "correct horse battery staple"})),
    responses(
        (status = 201, description = "The webhook, without its key.", body = Webhook, headers(
            ("Location" = String, description = "Where the webhook is."),
            ("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, MediaType, KeyReused,
    ),
)]
#[post("/webhooks")]
pub(super) async fn create_webhook(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_webhook")?;
    let sent: Webhook = body(&request, &sent)?;
    let made = state.administration.create(&caller, sent.core(None)?, secret(&sent)?, &via).await.map_err(fault)?;
    let path = format!("webhooks/{}", made.id);
    let webhook: Webhook = printed(&made)?;
    created(&request, &state.settings.server, &path, &webhook, made.revision.0)
}

/// Read a webhook
///
/// With how far it has been told and what went wrong; for administrators.
#[utoipa::path(
    operation_id = "native_get_webhook",
    tag = "native",
    params(("id" = uuid::Uuid, Path, description = "The webhook's GUID.",
        example = "019a2b7c-2222-7abc-8def-0123456789ab")),
    responses(
        (status = 200, description = "The webhook, without its key.", body = Webhook,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent,
    ),
)]
#[get("/webhooks/{id}")]
pub(super) async fn get_webhook(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let (found, delivery) = state.administration.webhook(&caller, id(&key)?.into()).await?;
    tagged(&webhook(&found, &delivery)?, found.revision.0)
}

/// Replace a webhook
///
/// It goes on where it was. Without a key it keeps its own. A webhook is switched off by `enabled`: what
/// happens meanwhile it hears when it is switched on again.
#[utoipa::path(
    operation_id = "native_replace_webhook",
    tag = "native",
    params(
        ("id" = uuid::Uuid, Path, description = "The webhook's GUID.",
            example = "019a2b7c-2222-7abc-8def-0123456789ab"),
        ReplaceHeaders,
        WriteHeaders,
    ),
    request_body(content = Webhook, description = "The webhook as it is to be.", example = json!({
        "name": "Chat", "url": "https://hooks.example.com/countersign", "enabled": false})),
    responses(
        (status = 200, description = "The webhook after that, without its key.", body = Webhook,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, Stale, MediaType, KeyReused, Unconditional,
    ),
)]
#[put("/webhooks/{id}")]
pub(super) async fn replace_webhook(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replace_webhook")?;
    let id = id(&key)?;
    let seen = required(&request)?.revision().map(Revision);
    let sent: Webhook = body(&request, &sent)?;
    let new = (sent.core(Some(id))?, secret(&sent)?);
    let after = state.administration.replace(&caller, &WebhookId::from(id), seen, new, &via).await.map_err(fault)?;
    tagged(&printed::<Webhook>(&after)?, after.revision.0)
}

/// Tell a webhook again
///
/// It hears anew what lies after a position of the feed. A position ahead of its own passes over what lies
/// between, which helps past an event that a receiver can never take.
#[utoipa::path(
    operation_id = "native_replay_webhook",
    tag = "native",
    params(
        ("id" = uuid::Uuid, Path, description = "The webhook's GUID.",
            example = "019a2b7c-2222-7abc-8def-0123456789ab"),
        WriteHeaders,
    ),
    request_body(content = Replay, description = "From where on.", example = json!({"after": 0})),
    responses(
        (status = 200, description = "The webhook, without its key.", body = Webhook,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, MediaType, KeyReused,
    ),
)]
#[post("/webhooks/{id}/replay")]
pub(super) async fn replay_webhook(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replay_webhook")?;
    let id = id(&key)?;
    let Replay { after } = body(&request, &sent)?;
    let webhook = state.administration.replay(&caller, id.into(), after, &via).await.map_err(fault)?;
    tagged(&printed::<Webhook>(&webhook)?, webhook.revision.0)
}
