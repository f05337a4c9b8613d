//! One stream of events, from its first to its last: the chain, and the state that the events give.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::compare::differences;
use super::opened::{Opened, open};
use super::report::{AuditReport, Place};
use crate::event::{EventKind, Hash, StreamId, StreamKind, link, state_data};
use crate::ids::Revision;
use crate::lifecycle::{RequestEvent, apply};
use crate::request::Request;

/// An event as it stands in its row, whatever stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place among all events.
    pub position: i64,
    /// Its place in the stream.
    pub sequence: i64,
    /// When it is said to have happened, in microseconds.
    pub at: i64,
    /// The format of `bytes`.
    pub format: i64,
    /// The bytes that are hashed.
    pub bytes: Vec<u8>,
    /// The hash.
    pub hash: Vec<u8>,
    /// The sealed values, as JSON.
    pub sealed: Vec<u8>,
}

/// What the events make of an aggregate.
enum Replay {
    Nothing,
    State(Value),
    Request(Box<Request>),
}

/// A walk along one stream.
pub struct Walk {
    stream: StreamId,
    sequence: i64,
    position: i64,
    /// After which hashes the next event may follow: the stored one and, where that is wrong, the
    /// right one, so that one wrong hash is one fault. None after a gap.
    previous: Vec<Hash>,
    replay: Replay,
    /// Whether every event was there, as it was hashed, and could be replayed.
    sound: bool,
    erased: BTreeSet<String>,
}

impl Walk {
    /// Stands before the first event of `stream`.
    pub const fn new(stream: StreamId) -> Self {
        Self {
            stream,
            sequence: 0,
            position: 0,
            previous: Vec::new(),
            replay: Replay::Nothing,
            sound: true,
            erased: BTreeSet::new(),
        }
    }

    /// Takes the next event, in the order of the sequence numbers.
    pub fn take(&mut self, row: &EventRow, report: &mut AuditReport) {
        report.events += 1;
        let place = Place::Event(self.stream, row.sequence);
        self.follow(row, report);
        if row.position <= self.position {
            report.note(place.clone(), "stands in the order of all events before the one that it follows");
        }
        self.position = row.position;
        if !self.fits(row) {
            self.sound = false;
            report.note(place.clone(), "is not what was hashed: its bytes, its hash, its place or the event before it");
        }
        match open(row.format, &row.bytes, &row.sealed) {
            Ok(opened) => self.opened(row, opened, report),
            Err(reason) => {
                self.sound = false;
                report.note(place, reason);
            }
        }
    }

    /// Sees to it that no sequence number is left out.
    fn follow(&mut self, row: &EventRow, report: &mut AuditReport) {
        let next = self.sequence + 1;
        if row.sequence == next {
            if next == 1 {
                self.previous = vec![Hash::ZERO];
            }
        } else {
            self.sound = false;
            self.previous.clear();
            if row.sequence > next {
                report.note(Place::Event(self.stream, next), missing(next, row.sequence - 1));
            } else {
                report.note(Place::Event(self.stream, row.sequence), "has a number that no event has");
            }
        }
        self.sequence = row.sequence.max(self.sequence);
    }

    fn fits(&mut self, row: &EventRow) -> bool {
        let stored = <[u8; 32]>::try_from(&row.hash[..]).ok().map(Hash);
        let right = |previous: &Hash| link(self.stream.id, row.sequence, previous, &row.bytes);
        let right: Vec<Hash> = self.previous.iter().map(right).collect();
        let fits = stored.is_some_and(|stored| right.is_empty() || right.contains(&stored));
        let computed = right.first().copied().filter(|_| !fits);
        self.previous = stored.into_iter().chain(computed).collect();
        fits
    }

    fn opened(&mut self, row: &EventRow, opened: Opened, report: &mut AuditReport) {
        let place = Place::Event(self.stream, row.sequence);
        if row.at != opened.at.as_micros() {
            report.note(place.clone(), "is said to have happened at another time than its bytes say");
        }
        if let Err(reason) = &opened.unsealed {
            report.note(place.clone(), reason.clone());
        }
        report.erased += opened.erased.len() as u64;
        // After a fault that was named what follows cannot fit.
        if self.sound
            && let Err(reason) = self.replay(&opened)
        {
            self.sound = false;
            report.note(place, reason);
        }
        self.erased.extend(opened.erased);
    }

    /// Brings the state on; the error says why the event cannot have happened to it.
    fn replay(&mut self, event: &Opened) -> Result<(), String> {
        match self.stream.stream {
            StreamKind::Server => Ok(()),
            StreamKind::Request => self.replay_request(event),
            _ => self.replay_state(event),
        }
    }

    fn replay_request(&mut self, event: &Opened) -> Result<(), String> {
        if event.kind == EventKind::Read {
            return Ok(());
        }
        let tagged = json!({ "kind": event.kind, "data": event.data });
        let happened: RequestEvent =
            serde_json::from_value(tagged).map_err(|error| format!("does not say what happened: {error}"))?;
        match (&mut self.replay, happened) {
            (Replay::Request(request), happened) => {
                apply(request, &happened, event.at);
                if let Some(revision) = event.data.get("revision").and_then(Value::as_i64) {
                    request.revision = Revision(revision);
                }
            }
            (_, RequestEvent::Imported(state) | RequestEvent::Created(state)) => self.replay = Replay::Request(state),
            _ => return Err("happened to a request that had not been made".to_owned()),
        }
        Ok(())
    }

    /// Of aggregates that are no requests, each event holds the whole state, but for set passwords:
    /// they move the revision, and say nothing else.
    fn replay_state(&mut self, event: &Opened) -> Result<(), String> {
        match (event.kind, &mut self.replay) {
            (EventKind::Imported | EventKind::Created | EventKind::Changed, _) => {
                self.replay = Replay::State(event.data.clone());
            }
            (EventKind::PasswordSet, Replay::State(Value::Object(state))) => {
                if let Some(revision) = event.data.get("revision") {
                    state.insert("revision".to_owned(), revision.clone());
                }
            }
            (EventKind::Read, _) => {}
            (kind, _) => return Err(format!("is of the kind {}, which says nothing of this state", kind.name())),
        }
        Ok(())
    }

    /// Compares the end with the chain that is stored as the stream's, its length and its head, and
    /// gives what the events make of the aggregate; `None` where they cannot be trusted, or say nothing.
    pub fn end(self, chain: Option<(i64, &[u8])>, report: &mut AuditReport) -> Option<Replayed> {
        report.streams += 1;
        let place = Place::Stream(self.stream);
        let (length, head) = chain.unwrap_or((0, &[]));
        if self.sequence == 0 {
            if length > 0 {
                report.note(Place::Event(self.stream, 1), missing(1, length));
            } else {
                report.note(place, "has no events");
            }
            return None;
        }
        let mut sound = self.sound;
        if chain.is_none() {
            report.note(place, "has events, but no end of its chain is stored");
            sound = false;
        } else if length > self.sequence {
            report.note(Place::Event(self.stream, self.sequence + 1), missing(self.sequence + 1, length));
            sound = false;
        } else if length < self.sequence {
            let added = Place::Event(self.stream, length + 1);
            report.note(added, format!("was added beside the chain, whose length is {length}"));
            sound = false;
        } else if self.previous.first().is_none_or(|last| last.0[..] != *head) {
            report.note(place, "the head of its chain is not the hash of its last event");
        }
        sound.then_some(Replayed { stream: self.stream, replay: self.replay, erased: self.erased })
    }
}

fn missing(first: i64, last: i64) -> String {
    if first == last { "is missing".to_owned() } else { format!("is missing, as are those up to {last}") }
}

/// An aggregate as its events make it.
pub struct Replayed {
    stream: StreamId,
    replay: Replay,
    erased: BTreeSet<String>,
}

impl Replayed {
    /// Compares it with the aggregate that the tables hold.
    pub fn compare<T: Serialize + DeserializeOwned>(self, stored: &T, report: &mut AuditReport) {
        let place = Place::Stream(self.stream);
        let replayed = match self.replay {
            Replay::Request(request) => state_data(&*request),
            // Through its type, so that what is a default and what is left out is the same.
            Replay::State(state) => match serde_json::from_value::<T>(state) {
                Ok(state) => state_data(&state),
                Err(error) => return report.note(place, format!("its events say nothing that it could be: {error}")),
            },
            Replay::Nothing => return report.note(place, "its events do not say what it is"),
        };
        for difference in differences(&state_data(stored), &replayed, &self.erased) {
            report.note(place.clone(), difference);
        }
    }
}
