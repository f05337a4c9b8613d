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

/// The errors that a bulk write may answer with as a whole; what is wrong with an element stands in
/// its verdict.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes the answers of `response` for the contract")]
pub(super) enum BulkErrors {
    /// The body, a header or a part of the query cannot be taken; the message names it.
    #[response(status = 400)]
    Invalid(Error),
    /// No credentials, or wrong ones.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "How to authenticate.")))]
    Unauthenticated(Error),
    /// The caller takes no JSON.
    #[response(status = 406)]
    NotAcceptable(Error),
    /// The body is longer than this server takes.
    #[response(status = 413)]
    TooLarge(Error),
    /// The path and the query together are longer than this server takes.
    #[response(status = 414)]
    TargetTooLong(Error),
    /// The body is no JSON, as its type says.
    #[response(status = 415)]
    MediaType(Error),
    /// The idempotency key was used with another body. Nothing was done.
    #[response(status = 422)]
    KeyReused(Error),
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

/// The errors that a write of one thing may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes the answers of `response` for the contract")]
pub(super) enum WriteErrors {
    /// The body, a header or a part of the query cannot be taken; the message names it.
    #[response(status = 400)]
    Invalid(Error),
    /// No credentials, or wrong ones.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "How to authenticate.")))]
    Unauthenticated(Error),
    /// The caller may see it, and may not do that to it.
    #[response(status = 403)]
    Forbidden(Error),
    /// There is no such entity, or none that the caller may see, or the id is not a decimal number.
    #[response(status = 404)]
    Absent(Error),
    /// The caller takes no JSON.
    #[response(status = 406)]
    NotAcceptable(Error),
    /// It is in a state in which that cannot be done, or somebody was faster.
    #[response(status = 409)]
    State(Error),
    /// The body is longer than this server takes.
    #[response(status = 413)]
    TooLarge(Error),
    /// The path and the query together are longer than this server takes.
    #[response(status = 414)]
    TargetTooLong(Error),
    /// The body is no JSON, as its type says.
    #[response(status = 415)]
    MediaType(Error),
    /// The idempotency key was used with another body. Nothing was done.
    #[response(status = 422)]
    KeyReused(Error),
    /// The headers together are longer than this server takes.
    #[response(status = 431)]
    HeadersTooLarge(Error),
    /// Internal error. The message holds the correlation id and nothing of the cause.
    #[response(status = 500)]
    Broken(Error),
    /// Not available at present, or others changed the same thing again and again.
    #[response(status = 503, headers(("Retry-After" = String, description = "Seconds to wait before the next try.")))]
    Unavailable(Error),
}
