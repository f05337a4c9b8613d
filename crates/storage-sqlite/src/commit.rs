//! One [`Change`] inside the writer's transaction.

use countersign_core::error::RepositoryError;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::ids::GroupId;
use countersign_core::repository::{Change, CommitOutcome, Idempotency, RequestChange, UserChange};
use diesel::sqlite::SqliteConnection;

use crate::error::{Failure, damaged, is_taken};
use crate::sql::sql;
use crate::{derived, directory, event, number, request};

/// What became of a change inside a batch.
pub(crate) enum Applied {
    /// It left everything or nothing, and harmed no neighbour.
    Alone(Result<CommitOutcome, RepositoryError>),
    /// The database ended the transaction, and the neighbours went with it.
    Lost(Failure),
}

/// Applies `change` between savepoints.
pub(crate) fn apply(connection: &mut SqliteConnection, change: &Change) -> Applied {
    if let Err(error) = sql!("SAVEPOINT change").run(connection) {
        return Applied::Lost(error.into());
    }
    let outcome = match attempt(connection, change) {
        Err(Failure::Driver(error)) if is_taken(&error) => Ok(CommitOutcome::Conflict),
        other => other,
    };
    let landed = matches!(outcome, Ok(CommitOutcome::Committed));
    // A savepoint that is gone shows that the database has rolled back on its own.
    let undone = if landed { Ok(0) } else { sql!("ROLLBACK TO change").run(connection) };
    match undone.and_then(|_| sql!("RELEASE change").run(connection)) {
        Ok(_) => Applied::Alone(outcome.map_err(RepositoryError::from)),
        Err(error) => Applied::Lost(outcome.err().unwrap_or(error.into())),
    }
}

fn attempt(connection: &mut SqliteConnection, change: &Change) -> Result<CommitOutcome, Failure> {
    if let Some(defect) = change.defect() {
        return Err(RepositoryError::Internal(defect.to_owned()).into());
    }
    if let Some(idempotency) = &change.idempotency
        && let Some(duplicate) = earlier(connection, idempotency)?
    {
        return Ok(duplicate);
    }
    for user in &change.users {
        if !commit_user(connection, user)? {
            return Ok(CommitOutcome::Conflict);
        }
    }
    let administrators = directory::administrators(connection)?;
    for request in &change.requests {
        if !commit_request(connection, request, administrators)? {
            return Ok(CommitOutcome::Conflict);
        }
    }
    if let Some(idempotency) = &change.idempotency {
        remember(connection, idempotency)?;
    }
    Ok(CommitOutcome::Committed)
}

fn commit_user(connection: &mut SqliteConnection, change: &UserChange) -> Result<bool, Failure> {
    let landed = match change.expected {
        None => {
            directory::insert_user(connection, &change.user)?;
            number::raise(connection, number::USERS, change.user.number.get())?;
            true
        }
        Some(expected) => directory::update_user(connection, &change.user, expected)?,
    };
    if !landed {
        return Ok(false);
    }
    if let Some(password) = &change.password {
        directory::set_credential(connection, change.user.id, password)?;
    }
    let stream = StreamId { stream: StreamKind::User, id: change.user.id.as_uuid() };
    event::append(connection, stream, &change.events)?;
    Ok(true)
}

fn commit_request(
    connection: &mut SqliteConnection,
    change: &RequestChange,
    administrators: Option<GroupId>,
) -> Result<bool, Failure> {
    let after = &change.request;
    match change.expected {
        None => {
            request::insert_request(connection, after)?;
            derived::insert(connection, after, administrators)?;
            number::raise(connection, number::REQUESTS, after.number.get())?;
        }
        Some(expected) => {
            let Some(before) = request::load_request(connection, after.id)? else { return Ok(false) };
            if !request::update_request(connection, after, expected)? {
                return Ok(false);
            }
            derived::update(connection, &before, after, administrators)?;
        }
    }
    let stream = StreamId { stream: StreamKind::Request, id: after.id.as_uuid() };
    event::append(connection, stream, &change.events)?;
    Ok(true)
}

fn earlier(connection: &mut SqliteConnection, key: &Idempotency) -> Result<Option<CommitOutcome>, Failure> {
    let found = sql!(
        "SELECT command, result FROM idempotency WHERE caller_id = ? AND operation = ? AND key = ? AND element = ?",
        key.caller.as_uuid(),
        key.operation.as_str(),
        key.key.as_str(),
        key.element
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let command = row.blob()?.try_into().map_err(|_| damaged("a command's digest has not 32 bytes"))?;
    Ok(Some(CommitOutcome::Duplicate { command, result: row.blob()? }))
}

fn remember(connection: &mut SqliteConnection, key: &Idempotency) -> Result<(), Failure> {
    sql!(
        "INSERT INTO idempotency (caller_id, operation, key, element, command, result, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        key.caller.as_uuid(),
        key.operation.as_str(),
        key.key.as_str(),
        key.element,
        &key.command[..],
        &key.result[..],
        key.at
    )
    .run(connection)?;
    Ok(())
}
