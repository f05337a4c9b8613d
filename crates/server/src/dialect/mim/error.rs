//! Faults in MIM's form (`spec/mim-cm.md` A.0).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use utoipa::IntoResponses;
use uuid::Uuid;

use super::wire::Error;
use super::{JSON, nothing};
use crate::dialect::Fault;

/// The answer to a call that failed with `fault`. What is not there is 204, never 404; what the
/// state does not allow is 403, for the documents know no 409.
pub(crate) fn response(fault: &Fault, correlation: Uuid) -> HttpResponse {
    if matches!(fault, Fault::Absent(_)) {
        return nothing();
    }
    let body = Error { message: fault.message(correlation), error_code: fault.code(), correlation_id: correlation };
    fault.begin(status(fault)).insert_header((CONTENT_TYPE, JSON)).json(body)
}

const fn status(fault: &Fault) -> StatusCode {
    match fault {
        Fault::State(_) => StatusCode::FORBIDDEN,
        Fault::Precondition(_) | Fault::KeyReused => StatusCode::BAD_REQUEST,
        other => other.status(),
    }
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
    /// Forbidden: the caller may not read it.
    #[response(status = 403)]
    Forbidden(Error),
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

/// The errors that every write may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes the answers of `response` for the contract")]
pub(super) enum WriteErrors {
    /// A part of the path or of the body cannot be taken; the message names it. Or the idempotency
    /// key was used with another body.
    #[response(status = 400)]
    Invalid(Error),
    /// No credentials, or wrong ones.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "How to authenticate.")))]
    Unauthenticated(Error),
    /// Forbidden: the caller may not, or the state does not allow it (`RequestStatusInvalid`).
    #[response(status = 403)]
    Forbidden(Error),
    /// The body is longer than this server takes.
    #[response(status = 413)]
    TooLarge(Error),
    /// The path and the query together are longer than this server takes.
    #[response(status = 414)]
    TargetTooLong(Error),
    /// The body is of a media type that is not read.
    #[response(status = 415)]
    MediaType(Error),
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
