//! The one place where a driver's error becomes a repository error.

use countersign_core::error::RepositoryError;
use countersign_storage_sql::Failure;
use diesel::result::{DatabaseErrorKind, Error};

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

/// The same inside a transaction, where a taken key is no error yet.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Failure::Taken(error.to_string()),
        other => translate(other).into(),
    }
}
