//! Why a call is not answered, before a dialect gives that its form.
//!
//! A fault has an outside text, which names the field and the reason, and may have an inside
//! text, which is logged and never sent.

use std::borrow::Cow;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use countersign_core::error::{Invalid, RepositoryError};
use countersign_core::lifecycle::Refusal;
use countersign_core::service::ServiceError;
use uuid::Uuid;

use super::problem;
use crate::auth::{AuthError, CHALLENGE};

/// Why a call is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Nobody is known to have sent it.
    #[error("{0}")]
    Unauthenticated(String),
    /// One member of the input cannot be taken.
    #[error("{0}")]
    Invalid(Invalid),
    /// It exists, and the caller may not have it.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// It is in a state in which that cannot be done, or somebody was faster.
    #[error("{0}")]
    State(String),
    /// What an approver judges is not what the caller saw.
    #[error("{0}")]
    Precondition(String),
    /// The call does not say which revision it is meant for.
    #[error("If-Match: must hold the ETag of what is to be replaced")]
    Unconditional,
    /// Something else has the name that was given.
    #[error("{0}")]
    Taken(Invalid),
    /// The idempotency key was used with another body.
    #[error("Idempotency-Key: was used before, with another body")]
    KeyReused,
    /// The body is of a media type that is not read.
    #[error("Content-Type: only application/json is read")]
    MediaType,
    /// There is nothing by that identifier that the caller may know of.
    #[error("{0}")]
    Absent(String),
    /// The path is no route.
    #[error("there is nothing at this path")]
    NoRoute,
    /// The path knows other methods only.
    #[error("the method is not allowed here")]
    Method(Vec<Method>),
    /// The caller takes no media type that can be sent.
    #[error("Accept: only application/json can be sent")]
    NotAcceptable,
    /// The body is longer than the settings allow.
    #[error("the body is longer than this server takes")]
    TooLarge,
    /// The target of the request is longer than any that means something here.
    #[error("the path and the query together are longer than this server takes")]
    TargetTooLong,
    /// The headers are longer than those of any client.
    #[error("the headers together are longer than this server takes")]
    HeadersTooLarge,
    /// Nothing is wrong with the call; the same one may be answered later.
    #[error("{0}")]
    Unavailable(String),
    /// A defect of this program or of its data.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// A fault of the input member `field`.
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(field, reason))
    }

    /// What an error that actix made itself means.
    pub(crate) fn of_actix(error: &actix_web::Error) -> Self {
        let response = error.as_response_error();
        match response.status_code() {
            StatusCode::NOT_FOUND => Self::NoRoute,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            status if status.is_client_error() => Self::invalid("request", response.to_string()),
            _ => Self::Broken(response.to_string()),
        }
    }

    /// The status of the answer, where a dialect has no rule of its own.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::State(_) | Self::Taken(_) => StatusCode::CONFLICT,
            Self::Unconditional => StatusCode::PRECONDITION_REQUIRED,
            Self::Precondition(_) => StatusCode::PRECONDITION_FAILED,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Absent(_) | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word by which clients can tell faults apart. It never changes.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "AuthenticationRequired",
            Self::Invalid(_) => "InvalidInput",
            Self::Forbidden(_) => "AccessDenied",
            Self::State(_) => "RequestStatusInvalid",
            Self::Precondition(_) => "ContentChanged",
            Self::Unconditional => "PreconditionRequired",
            Self::Taken(_) => "AlreadyExists",
            Self::KeyReused => "IdempotencyKeyReused",
            Self::MediaType => "UnsupportedMediaType",
            Self::Absent(_) => "EntityNotFound",
            Self::NoRoute => "RouteNotFound",
            Self::Method(_) => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::TooLarge => "BodyTooLarge",
            Self::TargetTooLong => "TargetTooLong",
            Self::HeadersTooLarge => "HeadersTooLarge",
            Self::Unavailable(_) => "ServiceUnavailable",
            Self::Broken(_) => "InternalError",
        }
    }

    /// The member of the input that cannot be taken.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid(invalid) | Self::Taken(invalid) => Some(&invalid.field),
            _ => None,
        }
    }

    /// The outside text.
    pub(crate) fn message(&self, correlation: Uuid) -> String {
        match self {
            Self::Broken(_) => format!("An error has occurred. Correlation ID: {correlation}"),
            Self::Unavailable(_) => {
                format!("The service is not available at present; try again. Correlation ID: {correlation}")
            }
            outside => outside.to_string(),
        }
    }

    /// Begins an answer of `status` with the headers that the fault calls for.
    pub(crate) fn begin(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(status);
        match self {
            Self::Unauthenticated(_) => {
                response.insert_header((header::WWW_AUTHENTICATE, CHALLENGE));
            }
            Self::Method(allowed) => {
                response.insert_header(header::Allow(allowed.clone()));
            }
            Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            _ => {}
        }
        response
    }

    /// Writes the inside text, if there is one, to the log.
    pub(crate) fn log(&self, correlation: Uuid) {
        match self {
            Self::Unavailable(inside) => tracing::warn!(%correlation, "not available: {inside}"),
            Self::Broken(inside) => tracing::error!(%correlation, "failed: {inside}"),
            _ => {}
        }
    }
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Unavailable(_) | RepositoryError::MigrationMissing { .. } => {
                Self::Unavailable(error.to_string())
            }
            RepositoryError::Budget { clause } => Self::invalid(
                "q",
                format!("the clause about {clause} takes too long here; add one that narrows the list"),
            ),
            RepositoryError::Damaged(_) | RepositoryError::Internal(_) => Self::Broken(error.to_string()),
        }
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::Absent("there is nothing by this identifier".to_owned()),
            ServiceError::Forbidden(reason) => Self::Forbidden(reason),
            ServiceError::Invalid(invalid) => Self::Invalid(invalid),
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::Stale { .. } => Self::Precondition(error.to_string()),
            ServiceError::Taken(invalid) => Self::Taken(invalid),
            ServiceError::KeyReused => Self::KeyReused,
            ServiceError::Contended => Self::Unavailable(error.to_string()),
            ServiceError::Repository(error) => error.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::State { .. } => Self::State(refusal.to_string()),
            Refusal::NotAllowed(reason) => Self::Forbidden(reason.into()),
            Refusal::NoTask => Self::Absent(refusal.to_string()),
            Refusal::Content { .. } => Self::Precondition(refusal.to_string()),
            Refusal::Invalid(invalid) => Self::Invalid(invalid),
        }
    }
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing | AuthError::Malformed | AuthError::Refused => Self::Unauthenticated(error.to_string()),
            AuthError::Busy => Self::Unavailable(error.to_string()),
            AuthError::Repository(error) => error.into(),
        }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("an answer cannot be written: {error}"))
    }
}

/// For errors that leave a handler outside the dialects; inside, the guard gives them their form.
impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        problem(self, Uuid::now_v7())
    }
}
