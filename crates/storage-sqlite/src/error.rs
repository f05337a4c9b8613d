//! The one place where a driver's error becomes a repository error.

use countersign_core::error::RepositoryError;
use diesel::result::{DatabaseErrorKind, Error};

/// Stored data that cannot be read.
pub(crate) fn damaged(reason: impl Into<String>) -> RepositoryError {
    RepositoryError::Damaged(reason.into())
}

/// What a driver's error means. SQLite gives no code for a busy or full database, only its words.
pub(crate) fn translate(error: Error) -> RepositoryError {
    let text = error.to_string();
    let passing = ["database is locked", "database or disk is full", "unable to open", "disk I/O error", "readonly"];
    if passing.iter().any(|words| text.contains(words)) {
        RepositoryError::Unavailable(text)
    } else if text.contains("malformed") || text.contains("not a database") {
        RepositoryError::Damaged(text)
    } else if let Some(table) = text.strip_prefix("no such table: ") {
        RepositoryError::MigrationMissing { missing: format!("that makes table {table}") }
    } else {
        RepositoryError::Internal(text)
    }
}

/// Whether a write failed because a key is taken.
pub(crate) const fn is_taken(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}

/// Why a part of a transaction failed: the driver's word, or ours.
#[derive(Debug)]
pub(crate) enum Failure {
    Driver(Error),
    Repository(RepositoryError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        Self::Repository(error)
    }
}

impl From<Failure> for RepositoryError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error) => translate(error),
            Failure::Repository(error) => error,
        }
    }
}
