//! Signed checkpoints in their tables.

use countersign_core::audit::{Checkpoint, Leaf, Signature, Span};
use countersign_core::event::{Hash, StreamId, StreamKind};

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, sql};

/// The sequence number, the hash and the position of the last checkpoint.
fn last(connection: &mut dyn Session) -> Result<Option<(i64, Hash, i64)>, Failure> {
    let row = sql!("SELECT max(sequence) FROM checkpoint").row(connection)?;
    let Some(sequence) = row.map(|mut row| row.maybe_int()).transpose()?.flatten() else { return Ok(None) };
    let last = after(connection, sequence - 1)?;
    Ok(last.map(|last| (last.sequence, last.hash(), last.position)))
}

/// The first events after the last checkpoint.
pub(crate) fn uncovered(connection: &mut dyn Session, limit: usize) -> Result<Span, Failure> {
    let mut span = Span::after(last(connection)?);
    let rows = sql!(
        "SELECT position, stream_kind, stream_id, sequence, hash FROM event WHERE position > ? ORDER BY position LIMIT ?",
        span.position(),
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .rows(connection)?;
    for row in rows {
        let (position, stream, sequence, hash) = placed(row)?;
        span.take(position, stream, sequence, hash);
    }
    Ok(span)
}

/// An event's position, stream, number and hash.
pub(crate) fn placed(mut row: Row) -> Result<(i64, StreamId, i64, Hash), Failure> {
    let position = row.int()?;
    let stream = StreamId { stream: row.code(StreamKind::from_code)?, id: row.id()? };
    Ok((position, stream, row.int()?, hash(&mut row)?))
}

fn hash(row: &mut Row) -> Result<Hash, Failure> {
    let bytes: Result<[u8; 32], _> = row.blob()?.try_into();
    Ok(bytes.map(Hash).map_err(|_| damaged("a hash has not 32 bytes"))?)
}

/// Keeps a checkpoint; `false` if it does not follow the last one.
pub(crate) fn keep(connection: &mut dyn Session, checkpoint: &Checkpoint) -> Result<bool, Failure> {
    let (sequence, hash, position) = last(connection)?.unwrap_or((0, Hash::ZERO, 0));
    if checkpoint.sequence != sequence + 1 || checkpoint.previous != hash || checkpoint.position <= position {
        return Ok(false);
    }
    let kept = sql!(
        "INSERT INTO checkpoint (sequence, format, made_at, position, streams, root, feed, previous, key_id, signature) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sequence) DO NOTHING",
        checkpoint.sequence,
        checkpoint.format,
        checkpoint.at,
        checkpoint.position,
        checkpoint.streams,
        &checkpoint.root.0[..],
        &checkpoint.feed.0[..],
        &checkpoint.previous.0[..],
        &checkpoint.key.0[..],
        &checkpoint.signature.0[..]
    )
    .run(connection)?;
    if kept == 0 {
        return Ok(false);
    }
    for leaf in &checkpoint.leaves {
        sql!(
            "INSERT INTO checkpoint_leaf (checkpoint, stream_kind, stream_id, length, head) VALUES (?, ?, ?, ?, ?)",
            checkpoint.sequence,
            leaf.stream.code(),
            leaf.id,
            leaf.length,
            &leaf.head.0[..]
        )
        .run(connection)?;
    }
    Ok(true)
}

/// The first checkpoint after that number.
pub(crate) fn after(connection: &mut dyn Session, after: i64) -> Result<Option<Checkpoint>, Failure> {
    let found = sql!(
        "SELECT sequence, format, made_at, position, streams, root, feed, previous, key_id, signature FROM checkpoint \
         WHERE sequence > ? ORDER BY sequence LIMIT 1",
        after
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let sequence = row.int()?;
    Ok(Some(Checkpoint {
        sequence,
        format: row.number()?,
        at: row.time()?,
        position: row.int()?,
        streams: row.int()?,
        root: hash(&mut row)?,
        feed: hash(&mut row)?,
        previous: hash(&mut row)?,
        key: hash(&mut row)?,
        signature: signature(&mut row)?,
        leaves: leaves(connection, sequence)?,
    }))
}

fn signature(row: &mut Row) -> Result<Signature, Failure> {
    let bytes: Result<[u8; 64], _> = row.blob()?.try_into();
    Ok(bytes.map(Signature).map_err(|_| damaged("a signature has not 64 bytes"))?)
}

fn leaves(connection: &mut dyn Session, checkpoint: i64) -> Result<Vec<Leaf>, Failure> {
    let rows = sql!(
        "SELECT stream_kind, stream_id, length, head FROM checkpoint_leaf WHERE checkpoint = ? \
         ORDER BY stream_kind, stream_id",
        checkpoint
    )
    .rows(connection)?;
    let read = |mut row: Row| {
        Ok(Leaf { stream: row.code(StreamKind::from_code)?, id: row.id()?, length: row.int()?, head: hash(&mut row)? })
    };
    rows.into_iter().map(read).collect()
}
