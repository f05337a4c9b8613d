//! The OIG dialect (`spec/oig-requests.md`).

mod accept;
mod action;
mod address;
mod attributes;
mod bulk;
mod convert;
mod convert_11g;
mod convert_list;
mod convert_write;
mod cursor;
mod dates;
mod error;
mod fields;
mod guard;
mod labels;
mod list_routes;
mod page;
mod people;
mod q;
mod read;
mod routes;
mod values;
mod wire;
mod wire_11g;
mod wire_list;
mod wire_write;
mod words;
mod write_routes;

use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use countersign_core::request::RequestKey;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Dialect, admit};

pub(crate) use error::response as error_response;
pub(crate) use wire::Error;

/// Everything under this path speaks OIG.
pub(crate) const ROOT: &str = "/iam/governance";

/// Where the operations are.
pub(crate) const BASE: &str = "/iam/governance/selfservice/api/v1";

const RESPONSE_TIME: HeaderName = HeaderName::from_static("responsetime");

/// Registers the operations.
pub(crate) fn register(config: &mut ServiceConfig) {
    let operations = scope(BASE)
        .service(list_routes::list_requests)
        .service(routes::get_request)
        .service(write_routes::create_requests)
        .service(write_routes::update_requests)
        .service(write_routes::update_request)
        .service(write_routes::withdraw_requests)
        .service(write_routes::withdraw_request)
        .service(write_routes::revoke_account)
        .map(|scope| {
            scope
                .wrap(from_fn(guard::requested_by))
                .wrap(from_fn(|request, next| admit(Dialect::Oig, request, next)))
                .wrap(from_fn(tell_response_time))
        });
    config.service(operations);
}

/// The request that a path names.
pub(crate) fn asked(path: &str) -> Option<RequestKey> {
    let number = path.strip_prefix(BASE)?.strip_prefix("/requests/")?;
    number.parse().ok().map(RequestKey::Number)
}

/// What the benchmark of the pure parts calls.
#[cfg(feature = "bench")]
mod pure {
    use countersign_core::service::RequestView;

    use super::address::Addresses;
    use super::attributes::request_filter;
    use super::convert::Printer;
    use super::dates::Dates;
    use super::q::Expression;

    fn with_printer<T>(view: &RequestView, print: impl FnOnce(Printer<'_>) -> T) -> T {
        let addresses = Addresses::new("https://requests.example.org".to_owned());
        print(Printer { view, addresses: &addresses, dates: Dates::Iso })
    }

    /// The JSON of a request in the shape of 12c.
    pub(crate) fn printed(view: &RequestView) -> Option<Vec<u8>> {
        with_printer(view, |printer| serde_json::to_vec(&printer.request()).ok())
    }

    /// The JSON of a request in the shape of 11g.
    pub(crate) fn printed_11g(view: &RequestView) -> Option<Vec<u8>> {
        with_printer(view, |printer| serde_json::to_vec(&printer.request_11g()).ok())
    }

    /// Whether `text` is a filter of trackRequests.
    pub(crate) fn is_filter(text: &str) -> bool {
        let read = Expression::read(text).ok().flatten();
        read.is_some_and(|expression| request_filter(&expression).is_ok())
    }
}

#[cfg(feature = "bench")]
pub(crate) use pure::{is_filter, printed, printed_11g};

/// Every 200 says how many milliseconds it took (`spec/oig-requests.md` A.0).
async fn tell_response_time(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begin = Instant::now();
    let mut response = next.call(request).await?;
    if response.status() == StatusCode::OK {
        let millis = begin.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        response.headers_mut().insert(RESPONSE_TIME, HeaderValue::from(millis));
    }
    Ok(response)
}
