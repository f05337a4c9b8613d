//! Faults in OIG's form (`spec/oig-requests.md` H-8).

use actix_web::HttpResponse;
use utoipa::IntoResponses;
use uuid::Uuid;

use super::wire::{Error, Failure};
use crate::dialect::Fault;

/// The answer to a call that failed with `fault`.
pub(crate) fn response(fault: &Fault, correlation: Uuid) -> HttpResponse {
    let body = Error { status: Failure::Failed, error_code: fault.code(), message: fault.message(correlation) };
    fault.begin(fault.status()).json(body)
}

/// The errors that every operation may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes the answers of `response` for the contract")]
pub(super) enum Errors {
    /// A part of the path or of the query cannot be taken; the message names it.
    #[response(status = 400)]
    Invalid(Error),
    /// No credentials, or wrong ones.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "How to authenticate.")))]
    Unauthenticated(Error),
    /// There is no such entity, or none that the caller may see, or the id is not a decimal number.
    #[response(status = 404)]
    Absent(Error),
    /// The caller takes no JSON.
    #[response(status = 406)]
    NotAcceptable(Error),
    /// The body is longer than this server takes.
    #[response(status = 413)]
    TooLarge(Error),
    /// The path and the query together are longer than this server takes.
    #[response(status = 414)]
    TargetTooLong(Error),
    /// The headers together are longer than this server takes.
    #[response(status = 431)]
    HeadersTooLarge(Error),
    /// Internal error. The message holds the correlation id and nothing of the cause.
    #[response(status = 500)]
    Broken(Error),
    /// Not available at present.
    #[response(status = 503, headers(("Retry-After" = String, description = "Seconds to wait before the next try.")))]
    Unavailable(Error),
}
