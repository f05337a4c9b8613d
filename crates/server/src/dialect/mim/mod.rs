//! The MIM CM dialect (`spec/mim-cm.md`).

mod convert;
mod convert_template;
mod convert_write;
mod data_collection;
mod error;
mod filter;
mod listing;
mod operation;
mod read;
mod routes;
mod routes_template;
mod routes_write;
mod wire;
mod wire_template;
mod wire_write;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::from_fn;
use countersign_core::request::RequestKey;
use serde::Serialize;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Dialect, Fault, admit, json};

pub(crate) use error::response as error_response;
pub(crate) use wire::Error;

/// The installer's virtual folder. Everything under it speaks MIM.
pub(crate) const ROOT: &str = "/CertificateManagement";

/// Where the operations are.
pub(crate) const BASE: &str = "/CertificateManagement/api/v1.0";

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Registers the operations.
pub(crate) fn register(config: &mut ServiceConfig) {
    let operations = scope(BASE)
        .service(routes::get_request)
        .service(routes::list_requests)
        .service(routes_write::set_request_status)
        .service(routes_write::create_request)
        .service(routes_write::submit_certificate_data)
        .service(routes::get_profile)
        .service(routes::list_profiles)
        .service(routes::get_request_profile)
        .service(routes::list_request_profiles)
        .service(routes_template::list_profile_templates)
        .service(routes_template::get_profile_template)
        .service(routes_template::get_policy)
        .service(routes_template::get_workflow_policy)
        .map(|scope| scope.wrap(from_fn(|request, next| admit(Dialect::Mim, request, next))));
    config.service(operations);
}

/// The request that a path names.
pub(crate) fn asked(path: &str) -> Option<RequestKey> {
    let id = path.strip_prefix(BASE)?.strip_prefix("/requests/")?;
    routes::guid("id", id).ok().map(|id| RequestKey::Id(id.into()))
}

/// The answer that holds `value`.
fn json(value: &impl Serialize) -> Result<HttpResponse, Fault> {
    let body = json::body(value)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, JSON)).body(body))
}

/// The JSON of a certificate request.
#[cfg(feature = "bench")]
pub(crate) fn printed(request: &countersign_core::request::Request) -> Option<Vec<u8>> {
    serde_json::to_vec(&convert::request(request)?).ok()
}

/// The answer to a lookup that found nothing.
fn nothing() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
