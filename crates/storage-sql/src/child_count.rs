//! How many children of a parent are how far, and whether the parent waits for them.

use countersign_core::ids::RequestId;
use countersign_core::repository::ChildCounts;
use countersign_core::request::{Outcome, Request, RequestStatus};

use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

/// The counts of a parent's children.
pub(crate) fn of_parent(connection: &mut dyn Session, parent: RequestId) -> Result<ChildCounts, Failure> {
    let found = sql!(
        "SELECT open, completed, partially_failed, failed, denied, canceled, closed FROM child_count \
         WHERE parent_id = ?",
        parent.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(ChildCounts::default()) };
    let open = row.int()?;
    let mut ended = [0; Outcome::ALL.len()];
    for count in &mut ended {
        *count = row.int()?;
    }
    Ok(ChildCounts { open, ended })
}

/// Notes whether the parent waits for its children.
pub(crate) fn note_parent(connection: &mut dyn Session, parent: &Request) -> Result<(), Failure> {
    sql!(
        "INSERT INTO child_count (parent_id, open, completed, partially_failed, failed, denied, canceled, closed, awaited) \
         VALUES (?, 0, 0, 0, 0, 0, 0, 0, ?) ON CONFLICT (parent_id) DO UPDATE SET awaited = excluded.awaited",
        parent.id.as_uuid(),
        parent.status() == RequestStatus::AwaitingChildren
    )
    .put(connection)
}

/// Counts a child in or out under its status.
pub(crate) fn count(counts: &mut ChildCounts, status: RequestStatus, by: i64) {
    let outcome = Outcome::from_code(status.code());
    let place = outcome.and_then(|outcome| Outcome::ALL.iter().position(|this| *this == outcome));
    let count = place.and_then(|place| counts.ended.get_mut(place));
    *count.unwrap_or(&mut counts.open) += by;
}

/// Adds to the counts of a parent's children. The parent's revision stays (decision 10).
pub(crate) fn add(connection: &mut dyn Session, parent: RequestId, counts: ChildCounts) -> Result<(), Failure> {
    let [completed, partially_failed, failed, denied, canceled, closed] = counts.ended;
    sql!(
        "INSERT INTO child_count (parent_id, open, completed, partially_failed, failed, denied, canceled, closed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent_id) DO UPDATE SET open = child_count.open + excluded.open, \
         completed = child_count.completed + excluded.completed, \
         partially_failed = child_count.partially_failed + excluded.partially_failed, \
         failed = child_count.failed + excluded.failed, denied = child_count.denied + excluded.denied, \
         canceled = child_count.canceled + excluded.canceled, closed = child_count.closed + excluded.closed",
        parent.as_uuid(),
        counts.open,
        completed,
        partially_failed,
        failed,
        denied,
        canceled,
        closed
    )
    .put(connection)
}
