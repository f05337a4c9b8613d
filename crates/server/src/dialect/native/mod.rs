//! The native API: what neither dialect has (decision 27).
//!
//! Lists are pages: `next` is the cursor of the following one, and a `Link` header leads to it. Errors
//! are problems (RFC 9457). Every write takes an `Idempotency-Key`.

mod convert;
mod convert_admin;
mod convert_event;
mod convert_write;
mod cursor;
mod error;
mod etag;
mod guard;
mod page;
mod read;
mod routes_catalog;
mod routes_event;
mod routes_fulfilment;
mod routes_inbox;
mod routes_request;
mod routes_rule;
mod routes_template;
mod routes_webhook;
mod routes_write;
mod wire;
mod wire_admin;
mod wire_event;
mod wire_write;
mod words;

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Fault, json};
use crate::links;
use crate::settings::ServerSettings;

pub(crate) use convert_event::notification;
pub(crate) use wire_event::Notification;

/// Where the operations are.
pub(crate) const BASE: &str = "/api/v1";

/// The JSON of a request with everything.
#[cfg(feature = "bench")]
pub(crate) fn printed(view: &countersign_core::service::RequestView) -> Option<Vec<u8>> {
    serde_json::to_vec(&convert::detail(view)).ok()
}

/// Registers the operations.
pub(crate) fn register(config: &mut ServiceConfig) {
    let operations = scope(BASE)
        .service(routes_inbox::get_me)
        .service(routes_inbox::list_inbox)
        .service(routes_request::list_requests)
        .service(routes_write::create_request)
        .service(routes_write::explain_request)
        .service(routes_request::get_request)
        .service(routes_request::list_request_events)
        .service(routes_write::decide_request)
        .service(routes_write::act_on_request)
        .service(routes_template::list_profile_templates)
        .service(routes_template::create_profile_template)
        .service(routes_template::get_profile_template)
        .service(routes_template::replace_profile_template)
        .service(routes_catalog::list_catalog_items)
        .service(routes_catalog::create_catalog_item)
        .service(routes_catalog::get_catalog_item)
        .service(routes_catalog::replace_catalog_item)
        .service(routes_rule::list_approval_rules)
        .service(routes_rule::create_approval_rule)
        .service(routes_rule::get_approval_rule)
        .service(routes_rule::replace_approval_rule)
        .service(routes_rule::list_request_rules)
        .service(routes_rule::create_request_rule)
        .service(routes_rule::get_request_rule)
        .service(routes_rule::replace_request_rule)
        .service(routes_webhook::list_webhooks)
        .service(routes_webhook::create_webhook)
        .service(routes_webhook::get_webhook)
        .service(routes_webhook::replace_webhook)
        .service(routes_webhook::replay_webhook)
        .service(routes_event::list_events)
        .service(routes_fulfilment::list_fulfilments)
        .service(routes_fulfilment::report_fulfilment)
        .map(|scope| scope.wrap(from_fn(guard::admit)));
    config.service(operations);
}

/// The header of every write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header that is read elsewhere for the contract")]
struct WriteHeaders {
    /// A word of the client's for this call, under which it may be sent again and happens once: 1 to
    /// 255 visible characters, kept for seven days. Another body under it is refused.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// The condition of every replacement.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header that is read elsewhere for the contract")]
struct ReplaceHeaders {
    /// The ETag of what the caller saw, or `*` for whatever is there.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: String,
}

/// The parameters of every page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read elsewhere for the contract")]
struct PageParameters {
    /// How many elements a page has. Left out: 50.
    #[param(minimum = 1, maximum = 1000, example = 50)]
    limit: Option<i64>,
    /// Where the page begins: `next` of the one before.
    cursor: Option<String>,
}

fn respond(mut response: HttpResponseBuilder, value: &impl Serialize) -> Result<HttpResponse, Fault> {
    let body = json::body(value)?;
    Ok(response.content_type("application/json").body(body))
}

/// The answer that holds `value`.
fn json(value: &impl Serialize) -> Result<HttpResponse, Fault> {
    respond(HttpResponse::Ok(), value)
}

/// The answer that holds a thing at `revision`.
fn tagged(value: &impl Serialize, revision: i64) -> Result<HttpResponse, Fault> {
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, etag::etag(revision)));
    respond(response, value)
}

/// The answer that holds a new thing at `revision`, which is at `path` below [`BASE`].
fn created(
    request: &HttpRequest,
    settings: &ServerSettings,
    path: &str,
    value: &impl Serialize,
    revision: i64,
) -> Result<HttpResponse, Fault> {
    let mut response = HttpResponse::build(StatusCode::CREATED);
    response.insert_header((LOCATION, format!("{}{BASE}/{path}", links::mount(request, settings))));
    response.insert_header((ETAG, etag::etag(revision)));
    respond(response, value)
}

/// The answer that holds a page, with a link to what follows after the cursor `next`.
fn paged(
    request: &HttpRequest,
    settings: &ServerSettings,
    value: &impl Serialize,
    next: Option<&str>,
) -> Result<HttpResponse, Fault> {
    linked(request, settings, value, next.map(|next| ("cursor", next)))
}

/// The answer that holds a page, with a link to what follows at another value of a parameter.
fn linked(
    request: &HttpRequest,
    settings: &ServerSettings,
    value: &impl Serialize,
    next: Option<(&str, &str)>,
) -> Result<HttpResponse, Fault> {
    let mut response = HttpResponse::Ok();
    if let Some(link) = next.and_then(|next| page::next_link(request, settings, next)) {
        response.insert_header(link);
    }
    respond(response, value)
}
