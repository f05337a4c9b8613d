//! Why a command is refused.

use crate::error::Invalid;
use crate::request::RequestStatus;

/// Why a command is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is in a state in which the command means nothing.
    #[error("the request is {}: {reason}", status.name())]
    State {
        /// The state that it is in.
        status: RequestStatus,
        /// What stands in the way.
        reason: &'static str,
    },
    /// This actor may not.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The request has no such task, or none that the actor can act on.
    #[error("the request has no such task")]
    NoTask,
    /// What an approver judges is not what the actor saw.
    #[error("the request was edited meanwhile: it is at content revision {present}, not {seen}")]
    Content {
        /// The content revision that the actor saw.
        seen: i64,
        /// The content revision that the request has.
        present: i64,
    },
    /// A member of the command cannot be taken.
    #[error("{0}")]
    Invalid(Invalid),
}

impl Refusal {
    /// A fault of the member `field`.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(field, reason))
    }
}
