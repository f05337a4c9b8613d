//! Signed checkpoints.

use countersign_core::audit::{Checkpoint, Span};
use countersign_core::event::Hash;

use crate::tables::Tables;

/// The sequence number, the hash and the position of the last checkpoint.
fn last(tables: &Tables) -> Option<(i64, Hash, i64)> {
    let (_, last) = tables.checkpoints.last_key_value()?;
    Some((last.sequence, last.hash(), last.position))
}

/// The first events after the last checkpoint.
pub(crate) fn uncovered(tables: &Tables, limit: usize) -> Span {
    let mut span = Span::after(last(tables));
    for (position, event) in tables.events.after(span.position()).take(limit) {
        span.take(position, event.stream_id(), event.sequence, event.hash);
    }
    span
}

/// Keeps a checkpoint; `false` if it does not follow the last one.
pub(crate) fn keep(tables: &mut Tables, checkpoint: Checkpoint) -> bool {
    let (sequence, hash, position) = last(tables).unwrap_or((0, Hash::ZERO, 0));
    let follows = checkpoint.sequence == sequence + 1 && checkpoint.previous == hash && checkpoint.position > position;
    if follows {
        tables.checkpoints.insert(checkpoint.sequence, checkpoint);
    }
    follows
}

/// The first checkpoint after that number.
pub(crate) fn after(tables: &Tables, after: i64) -> Option<&Checkpoint> {
    tables.checkpoints.range(after.saturating_add(1)..).next().map(|(_, checkpoint)| checkpoint)
}
