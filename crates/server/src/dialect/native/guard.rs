//! The way into the native API.

use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;

use super::BASE;
use crate::dialect::{Dialect, admit as admit_caller, render};
use crate::signature::SIGNATURE;

/// Lets a request in with its caller. A program that says how a fulfilment went has no login: its
/// signature is checked where the body has been read.
pub(super) async fn admit(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_signed(request.request()) {
        return Ok(render(Dialect::Native, next.call(request).await?));
    }
    admit_caller(Dialect::Native, request, next).await
}

fn is_signed(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let of_fulfilment = request.path().strip_prefix(BASE).is_some_and(|path| path.starts_with("/fulfilments/"));
    of_fulfilment
        && request.method() == Method::POST
        && headers.contains_key(SIGNATURE)
        && !headers.contains_key(AUTHORIZATION)
}
