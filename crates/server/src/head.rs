//! Limits of a request's head, below those of actix itself, which refuses without a body: up to
//! there a call that is too long is told so in its dialect's form.

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::dialect::{Dialect, Fault};

/// The longest path and query together, in bytes. The longest that a client sends is a filter.
const TARGET: usize = 16 * 1024;
/// The longest headers together, in bytes. The longest that a client sends is a Kerberos ticket.
const HEADERS: usize = 64 * 1024;

/// Refuses a head that is beyond the limits.
pub(crate) async fn limited(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let fault = match (target > TARGET, headers > HEADERS) {
        (true, _) => Fault::TargetTooLong,
        (false, true) => Fault::HeadersTooLarge,
        (false, false) => return next.call(request).await,
    };
    let response = Dialect::of(request.path()).respond(request.request(), &fault);
    Ok(request.into_response(response))
}
