//! Why a part of a transaction failed.

use countersign_core::error::RepositoryError;

/// Stored data that cannot be read.
pub fn damaged(reason: impl Into<String>) -> RepositoryError {
    RepositoryError::Damaged(reason.into())
}

/// Why a part of a transaction failed.
#[derive(Debug)]
pub enum Failure {
    /// A key is taken.
    Taken(String),
    /// The database gave way to another transaction: the same work may succeed if it is begun anew.
    Contended(String),
    /// Anything else.
    Repository(RepositoryError),
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        Self::Repository(error)
    }
}

impl From<Failure> for RepositoryError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Taken(text) => Self::Internal(text),
            Failure::Contended(text) => Self::Unavailable(text),
            Failure::Repository(error) => error,
        }
    }
}
