//! The feed: the events of all streams, in the order of their commits.

use countersign_core::repository::PlacedEvent;

use crate::error::Failure;
use crate::event;
use crate::session::Session;
use crate::sql::{Row, sql};

/// At most `limit` events after `position`. One writer gives the positions, so a larger one is never
/// committed before a smaller one.
pub(crate) fn page(connection: &mut dyn Session, position: i64, limit: usize) -> Result<Vec<PlacedEvent>, Failure> {
    let rows = sql!(
        "SELECT position, stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed FROM event \
         WHERE position > ? ORDER BY position LIMIT ?",
        position,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .rows(connection)?;
    rows.into_iter().map(placed).collect()
}

fn placed(mut row: Row) -> Result<PlacedEvent, Failure> {
    let position = row.int()?;
    Ok(PlacedEvent { position, event: event::read(row)? })
}
