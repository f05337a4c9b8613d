//! Why a copy did not come to its end.

use countersign_core::error::RepositoryError;

use super::table::Step;

/// Why a copy did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source or the target is not fit for it.
    #[error("{0}")]
    Refused(String),
    /// What stands in the target is not what was copied.
    #[error("the target's table {table} {reason}")]
    Differs {
        /// The table.
        table: &'static str,
        /// What differs.
        reason: String,
    },
    /// A database failed.
    #[error("{place}: {error}")]
    Repository {
        /// Which database, and where in it.
        place: String,
        /// What it said.
        error: RepositoryError,
    },
}

impl CopyError {
    pub(super) fn at<E: Into<RepositoryError>>(place: impl Into<String>) -> impl FnOnce(E) -> Self {
        let place = place.into();
        |error| Self::Repository { place, error: error.into() }
    }

    pub(super) fn moved(what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Refused(format!(
            "the source has changed since this copy was begun ({what}): begin anew with an empty target"
        ))
    }
}

pub(super) fn source(step: Step) -> String {
    format!("the source's table {}", step.table.name)
}

pub(super) fn target(step: Step) -> String {
    format!("the target's table {}", step.table.name)
}
