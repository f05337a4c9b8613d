//! Why a service does not do what was asked, free of any transport.

use std::borrow::Cow;

use crate::error::{Invalid, RepositoryError};
use crate::ids::Revision;
use crate::lifecycle::Refusal;

/// Why a service refused or could not do what was asked. Nothing has changed; where the repository could not answer,
/// nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is nothing by that identifier, or nothing that the caller may know of.
    #[error("not found")]
    NotFound,
    /// It exists, and this caller may not have it or do it.
    #[error("forbidden: {0}")]
    Forbidden(Cow<'static, str>),
    /// A member of the input cannot be taken.
    #[error("{0}")]
    Invalid(Invalid),
    /// The lifecycle refuses the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The revision that the caller saw is not the present one.
    #[error("it was changed meanwhile: it is at revision {}, not {}", present.0, seen.0)]
    Stale {
        /// The revision that the caller saw.
        seen: Revision,
        /// The revision that it has.
        present: Revision,
    },
    /// Something else has the name that was given.
    #[error("{0}")]
    Taken(Invalid),
    /// The idempotency key was used with another command.
    #[error("the idempotency key was used before, with another body")]
    KeyReused,
    /// Others changed the same thing again and again: the same call may work later.
    #[error("others changed the same thing meanwhile")]
    Contended,
    /// The repository could not answer.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl ServiceError {
    /// Whether the call is refused as things stand. The same call may have brought them there: then
    /// it is no refusal.
    pub(in crate::service) const fn refuses(&self) -> bool {
        !matches!(self, Self::KeyReused | Self::Contended | Self::Repository(_))
    }

    /// Refuses for `reason`.
    pub fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(reason.into())
    }

    /// A fault of the input member `field`.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(field, reason))
    }
}
