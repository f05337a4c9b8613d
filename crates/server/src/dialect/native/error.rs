//! The faults of the native API for the contract: problems in the form of RFC 9457.

use countersign_core::error::Invalid;
use countersign_core::lifecycle::Refusal;
use countersign_core::service::ServiceError;
use utoipa::IntoResponses;

use crate::dialect::Fault;
use crate::probe::Problem;

/// A service's error in the words of this API.
pub(super) fn fault(error: ServiceError) -> Fault {
    match error {
        ServiceError::Invalid(invalid) | ServiceError::Refused(Refusal::Invalid(invalid)) => {
            match invalid.field.as_str() {
                // Nothing that was sent is wrong: there is nobody who could approve it.
                "approvers" => Fault::Forbidden(invalid.reason.into()),
                // Answers to a template's questions are the form of its target.
                "datacollection" => Fault::Invalid(Invalid::new("targets[0].form", invalid.reason)),
                "assignees" => Fault::Invalid(Invalid::new("to", invalid.reason)),
                field => match field.strip_prefix("assignees[") {
                    Some(rest) => Fault::Invalid(Invalid::new(format!("to[{rest}"), invalid.reason)),
                    None => Fault::Invalid(invalid),
                },
            }
        }
        other => other.into(),
    }
}

/// The errors that every operation may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Errors {
    /// A part of the path, of the query, of the headers or of the body cannot be taken; `field` names it.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// No credentials, or wrong ones.
    #[response(status = 401, content_type = "application/problem+json",
        headers(("WWW-Authenticate" = String, description = "How to authenticate.")))]
    Unauthenticated(Problem),
    /// The body is longer than this server takes.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The path and the query together are longer than this server takes.
    #[response(status = 414, content_type = "application/problem+json")]
    TargetTooLong(Problem),
    /// The headers together are longer than this server takes.
    #[response(status = 431, content_type = "application/problem+json")]
    HeadersTooLarge(Problem),
    /// Internal error. The detail holds the correlation id and nothing of the cause.
    #[response(status = 500, content_type = "application/problem+json")]
    Broken(Problem),
    /// Not available at present, or others changed the same thing again and again.
    #[response(status = 503, content_type = "application/problem+json",
        headers(("Retry-After" = String, description = "Seconds to wait before the next try.")))]
    Unavailable(Problem),
}

/// Operations that not everybody may do.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Forbidden {
    /// The caller may not do that.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
}

/// Operations on one thing.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Absent {
    /// There is no such thing, or none that the caller may see.
    #[response(status = 404, content_type = "application/problem+json")]
    Absent(Problem),
}

/// Operations on what has a state, or a name of its own.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Conflict {
    /// It is in a state in which that cannot be done, or somebody was faster, or has the name.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// Operations that take a condition.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Stale {
    /// It was changed since the caller saw it. Nothing was done.
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(Problem),
}

/// Operations that take a body.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum MediaType {
    /// The body is not of the type application/json, or names none.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
}

/// Operations that may be sent again.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum KeyReused {
    /// The idempotency key was used with another body. Nothing was done.
    #[response(status = 422, content_type = "application/problem+json")]
    KeyReused(Problem),
}

/// Operations that need a condition.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers for the contract")]
pub(super) enum Unconditional {
    /// `If-Match` is missing.
    #[response(status = 428, content_type = "application/problem+json")]
    Unconditional(Problem),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_the_names_of_this_api() {
        for (core, expected) in [
            ("targets[1].end", "targets[1].end"),
            ("assignees[2]", "to[2]"),
            ("assignees", "to"),
            ("datacollection", "targets[0].form"),
            ("beneficiaries[0]", "beneficiaries[0]"),
        ] {
            let named = match fault(ServiceError::invalid(core, "why")) {
                Fault::Invalid(invalid) => invalid.field,
                other => panic!("{other}"),
            };
            assert_eq!(named, expected);
        }
        assert!(
            matches!(fault(ServiceError::invalid("approvers", "too few")), Fault::Forbidden(why) if why == "too few")
        );
    }
}
