//! Events at their places: in the order of all, and in their streams.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use countersign_core::error::RepositoryError;
use countersign_core::event::{Chain, FORMAT, NewEvent, StoredEvent, StreamId};
use countersign_core::repository::Result;

/// The events of all streams.
#[derive(Clone, Debug, Default)]
pub struct Events {
    placed: BTreeMap<i64, Arc<StoredEvent>>,
    streams: BTreeMap<(StreamId, i64), i64>,
    last: i64,
}

impl Events {
    /// The last position that was given out.
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.placed.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Puts an event at the end of all.
    pub fn push(&mut self, event: StoredEvent) {
        self.last += 1;
        self.put(self.last, event);
    }

    /// Puts an event at a position.
    pub fn put(&mut self, position: i64, event: StoredEvent) {
        self.take(position);
        self.streams.insert((event.stream_id(), event.sequence), position);
        self.placed.insert(position, Arc::new(event));
    }

    /// Takes the event at a position away.
    pub fn take(&mut self, position: i64) -> Option<StoredEvent> {
        let event = self.placed.remove(&position)?;
        let place = (event.stream_id(), event.sequence);
        if self.streams.get(&place) == Some(&position) {
            self.streams.remove(&place);
        }
        Some(Arc::unwrap_or_clone(event))
    }

    /// The events after a position, with theirs.
    pub fn after(&self, position: i64) -> impl DoubleEndedIterator<Item = (i64, &StoredEvent)> {
        self.placed.range((Bound::Excluded(position), Bound::Unbounded)).map(|(position, event)| (*position, &**event))
    }

    /// The events of one stream after a place in it, with their positions.
    pub fn of_stream(&self, stream: StreamId, after: i64) -> impl Iterator<Item = (i64, &StoredEvent)> {
        let places = (Bound::Excluded((stream, after)), Bound::Included((stream, i64::MAX)));
        let positions = self.streams.range(places).map(|(_, position)| *position);
        positions.filter_map(|position| self.placed.get(&position).map(|event| (position, &**event)))
    }

    /// Every event, ordered by kind, id and place.
    pub(crate) fn by_stream(&self) -> impl Iterator<Item = &StoredEvent> {
        self.streams.values().filter_map(|position| self.placed.get(position).map(|event| &**event))
    }

    /// The event at one place of a stream.
    pub(crate) fn at(&self, stream: StreamId, sequence: i64) -> Option<&StoredEvent> {
        let position = self.streams.get(&(stream, sequence))?;
        self.placed.get(position).map(|event| &**event)
    }

    /// The streams, each once.
    pub(crate) fn streams(&self) -> impl Iterator<Item = StreamId> {
        let mut last = None;
        self.streams.keys().map(|(stream, _)| *stream).filter(move |stream| last.replace(*stream) != Some(*stream))
    }
}

/// At most `limit` events of one stream, after a place in it.
pub(crate) fn of_stream(events: &Events, stream: StreamId, after: i64, limit: usize) -> Vec<StoredEvent> {
    events.of_stream(stream, after).take(limit).map(|(_, event)| event.clone()).collect()
}

/// The places that `events` get behind the end of their stream's chain.
pub(crate) fn place(stream: StreamId, mut end: Chain, events: &[NewEvent]) -> Result<Vec<StoredEvent>> {
    let mut placed = Vec::with_capacity(events.len());
    for event in events {
        end = end.extend(stream.id, &event.bytes);
        let bytes = String::from_utf8(event.bytes.clone());
        placed.push(StoredEvent {
            stream: stream.stream,
            id: stream.id,
            sequence: end.length,
            at: event.at,
            format: FORMAT,
            bytes: bytes.map_err(|_| RepositoryError::Internal("an event is no JSON text".to_owned()))?,
            hash: end.head,
            sealed: event.sealed.clone(),
        });
    }
    Ok(placed)
}
