//! Promises that a call which is sent again has one effect.

use countersign_core::clock::Timestamp;
use countersign_core::ids::UserId;
use countersign_core::repository::Idempotency;

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;

/// SHA-256 of the command that used a key, and its result.
pub(crate) type Earlier = ([u8; 32], Vec<u8>);

/// What `caller` did before with that key.
pub(crate) fn earlier(
    connection: &mut dyn Session,
    caller: UserId,
    operation: &str,
    key: &str,
    element: i32,
) -> Result<Option<Earlier>, Failure> {
    let found = sql!(
        "SELECT command, result FROM idempotency WHERE caller_id = ? AND operation = ? AND key = ? AND element = ?",
        caller.as_uuid(),
        operation,
        key,
        element
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let command = row.blob()?.try_into().map_err(|_| damaged("a command's digest has not 32 bytes"))?;
    Ok(Some((command, row.blob()?)))
}

pub(crate) fn remember(connection: &mut dyn Session, key: &Idempotency) -> Result<(), Failure> {
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
    .put(connection)
}

/// Forgets the keys that are older than `before`; returns how many.
pub(crate) fn forget(connection: &mut dyn Session, before: Timestamp) -> Result<u64, Failure> {
    let forgotten = sql!("DELETE FROM idempotency WHERE created_at < ?", before).run(connection)?;
    Ok(forgotten as u64)
}
