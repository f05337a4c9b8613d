//! What keeps a page of another site from writing in a caller's name (`spec/oig-requests.md` A.0): a
//! browser adds no header of its own to such a call.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use actix_web::middleware::Next;
use utoipa::IntoParams;

use crate::dialect::{Dialect, Fault};

const NAME: &str = "X-Requested-By";
const HEADER: HeaderName = HeaderName::from_static("x-requested-by");

/// Lets a request through that changes nothing, or that has the header, whatever its value.
pub(super) async fn requested_by(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || request.headers().contains_key(HEADER) {
        return next.call(request).await;
    }
    let fault = Fault::invalid(NAME, "this header must come with every call that changes something");
    let response = Dialect::Oig.respond(request.request(), &fault);
    Ok(request.into_response(response))
}

/// The headers of every write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes headers that are read elsewhere for the contract")]
pub(super) struct WriteHeaders {
    /// Any value: that the header is there shows that no other site's page sends the call.
    #[param(rename = "X-Requested-By", example = "client")]
    requested_by: String,
    /// A word of the client's for this call, under which it may be sent again and happens once. One
    /// to 255 visible characters, kept for seven days.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}
