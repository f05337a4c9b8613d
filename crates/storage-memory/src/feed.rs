//! The feed: the events of all streams, in the order of their commits.

use countersign_core::repository::PlacedEvent;

use crate::tables::Tables;

/// At most `limit` events after `position`.
pub(crate) fn page(tables: &Tables, position: i64, limit: usize) -> Vec<PlacedEvent> {
    let events = tables.events.after(position).take(limit);
    events.map(|(position, event)| PlacedEvent { position, event: event.clone() }).collect()
}
