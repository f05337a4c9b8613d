//! Events, their streams and the ends of their chains.

use countersign_core::event::{Chain, FORMAT, Hash, NewEvent, Sealed, StoredEvent, StreamId, StreamKind};
use uuid::Uuid;

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, Statement, Value, sql};

pub(crate) fn hash(row: &mut Row) -> Result<Hash, Failure> {
    let bytes: Result<[u8; 32], _> = row.blob()?.try_into();
    Ok(bytes.map(Hash).map_err(|_| damaged("a hash has not 32 bytes"))?)
}

/// The end of a stream's chain. A request keeps it in its own row.
pub(crate) fn chain(connection: &mut dyn Session, stream: StreamId) -> Result<Chain, Failure> {
    let found = if stream.stream == StreamKind::Request {
        sql!("SELECT chain_length, chain_head FROM request WHERE id = ?", stream.id)
    } else {
        sql!(
            "SELECT chain_length, chain_head FROM event_stream WHERE stream_kind = ? AND stream_id = ?",
            stream.stream.code(),
            stream.id
        )
    };
    match found.row(connection)? {
        None => Ok(Chain::EMPTY),
        Some(mut row) => Ok(Chain { length: row.int()?, head: hash(&mut row)? }),
    }
}

pub(crate) fn set_chain(connection: &mut dyn Session, stream: StreamId, chain: Chain) -> Result<(), Failure> {
    let head = &chain.head.0[..];
    let statement = if stream.stream == StreamKind::Request {
        sql!("UPDATE request SET chain_length = ?, chain_head = ? WHERE id = ?", chain.length, head, stream.id)
    } else {
        sql!(
            "INSERT INTO event_stream (stream_kind, stream_id, chain_length, chain_head) VALUES (?, ?, ?, ?) \
             ON CONFLICT (stream_kind, stream_id) DO UPDATE SET chain_length = excluded.chain_length, \
             chain_head = excluded.chain_head",
            stream.stream.code(),
            stream.id,
            chain.length,
            head
        )
    };
    statement.put(connection)
}

/// Moves the end of the stream's chain over `events`, and gives them their places there.
pub(crate) fn append(
    connection: &mut dyn Session,
    stream: StreamId,
    events: &[NewEvent],
) -> Result<Vec<StoredEvent>, Failure> {
    let (end, placed) = place(chain(connection, stream)?, stream, events)?;
    set_chain(connection, stream, end)?;
    Ok(placed)
}

/// The places of `events` behind `end`, and where the stream ends then.
pub(crate) fn place(
    mut end: Chain,
    stream: StreamId,
    events: &[NewEvent],
) -> Result<(Chain, Vec<StoredEvent>), Failure> {
    let mut placed = Vec::with_capacity(events.len());
    for event in events {
        end = end.extend(stream.id, &event.bytes);
        let bytes = String::from_utf8(event.bytes.clone()).map_err(|_| damaged("an event is no JSON text"))?;
        placed.push(StoredEvent {
            stream: stream.stream,
            id: stream.id,
            sequence: end.length,
            at: event.at,
            format: FORMAT,
            bytes,
            hash: end.head,
            sealed: event.sealed.clone(),
        });
    }
    Ok((end, placed))
}

/// Puts events, which `writers` caused, at their own places, hash and all, and at the end of the feed. The last
/// work of a transaction: the end of the feed is everybody's.
pub(crate) fn insert(connection: &mut dyn Session, events: &[StoredEvent], writers: &[Uuid]) -> Result<(), Failure> {
    let first = connection.positions(events.len(), writers)?;
    for (ahead, event) in (0_i64..).zip(events) {
        let sealed = serde_json::to_string(&event.sealed).map_err(|error| damaged(error.to_string()))?;
        let text = match first {
            None => {
                "INSERT INTO event (stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            }
            Some(_) => {
                "INSERT INTO event (stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed, \
                 position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            }
        };
        let mut values: Vec<Value> = vec![
            event.stream.code().into(),
            event.id.into(),
            event.sequence.into(),
            event.at.into(),
            event.format.into(),
            event.bytes.as_str().into(),
            (&event.hash.0[..]).into(),
            sealed.into(),
        ];
        values.extend(first.map(|first| Value::from(first + ahead)));
        Statement::new(text, values).put(connection)?;
    }
    Ok(())
}

pub(crate) fn read(mut row: Row) -> Result<StoredEvent, Failure> {
    Ok(StoredEvent {
        stream: row.code(StreamKind::from_code)?,
        id: row.id()?,
        sequence: row.int()?,
        at: row.time()?,
        format: row.number()?,
        bytes: row.text()?,
        hash: hash(&mut row)?,
        sealed: serde_json::from_str::<Vec<Sealed>>(&row.text()?)
            .map_err(|error| damaged(format!("sealed values cannot be read: {error}")))?,
    })
}

/// The event at one place.
pub(crate) fn at(
    connection: &mut dyn Session,
    stream: StreamId,
    sequence: i64,
) -> Result<Option<StoredEvent>, Failure> {
    Ok(of_stream(connection, stream, sequence - 1, 1)?.into_iter().find(|event| event.sequence == sequence))
}

/// The events of one stream, after a place.
pub(crate) fn of_stream(
    connection: &mut dyn Session,
    stream: StreamId,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredEvent>, Failure> {
    let rows = sql!(
        "SELECT stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed FROM event \
         WHERE stream_kind = ? AND stream_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        stream.stream.code(),
        stream.id,
        after,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .rows(connection)?;
    rows.into_iter().map(read).collect()
}

/// The events of every stream, ordered by kind, id and place, after one of them.
pub(crate) fn page(
    connection: &mut dyn Session,
    after: Option<(StreamId, i64)>,
    limit: i64,
) -> Result<Vec<StoredEvent>, Failure> {
    let (stream, sequence) = after.map_or((None, 0), |(stream, sequence)| (Some(stream), sequence));
    let rows = sql!(
        "SELECT stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed FROM event \
         WHERE (stream_kind, stream_id, sequence) > (?, ?, ?) ORDER BY stream_kind, stream_id, sequence LIMIT ?",
        stream.map_or(0, |stream| stream.stream.code()),
        stream.map_or(Uuid::nil(), |stream| stream.id),
        sequence,
        limit
    )
    .rows(connection)?;
    rows.into_iter().map(read).collect()
}
