//! The one place where a driver's error becomes a repository error.

use countersign_core::error::RepositoryError;
use countersign_storage_sql::Failure;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::result::{DatabaseErrorKind, Error};

/// What a server says that cannot serve at present: it starts, stops, stands by, is full or out of
/// connections, or the statement took too long.
const PASSING: [&str; 21] = [
    "server closed the connection",
    "could not connect",
    "connection to server",
    "connection not open",
    "no connection to the server",
    "terminating connection",
    "could not receive data",
    "could not send data",
    "SSL connection has been closed",
    "the database system is",
    "cannot execute",
    "too many connections",
    "remaining connection slots",
    "could not extend file",
    "No space left on device",
    "could not write",
    "canceling statement due to",
    "query_wait_timeout",
    "server_login_retry",
    "no more connections allowed",
    "pgbouncer",
];

/// What a driver's error means.
pub(crate) fn translate(error: Error) -> RepositoryError {
    // libpq ends its messages with line breaks.
    let text = error.to_string().trim_end().to_owned();
    if let Some((table, _)) = text.strip_prefix("relation \"").and_then(|rest| rest.split_once("\" does not exist")) {
        return RepositoryError::MigrationMissing { missing: format!("that makes table {table}") };
    }
    match &error {
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
        | Error::BrokenTransactionManager
        | Error::RollbackErrorOnCommit { .. } => RepositoryError::Unavailable(text),
        _ if PASSING.iter().any(|words| text.contains(words)) => RepositoryError::Unavailable(text),
        _ if text.contains("invalid page") || text.contains("could not read block") => RepositoryError::Damaged(text),
        _ => RepositoryError::Internal(text),
    }
}

/// The same inside a transaction, where a taken key is no error yet, and giving way to another neither.
fn failure(error: Error) -> Failure {
    match &error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Failure::Taken(error.to_string()),
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Failure::Contended(error.to_string()),
        _ if error.to_string().contains("deadlock detected") => Failure::Contended(error.to_string()),
        _ => translate(error).into(),
    }
}

/// What a statement that failed means to its transaction.
///
/// diesel notes that a connection is lost when a statement runs on it, and not when one is prepared. Unless it is noted,
/// the connection goes back to the pool and fails whoever gets it next.
pub(crate) fn failed(connection: &mut PgConnection, error: Error) -> Failure {
    let failure = failure(error);
    if matches!(failure, Failure::Repository(_)) {
        // It does nothing, and diesel looks at the connection.
        let _ = connection.batch_execute("");
    }
    failure
}
