//! What an audit finds.

use std::fmt;

use crate::event::StreamId;

/// How many faults are named one by one.
const NAMED: usize = 1000;

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An aggregate, or its stream as a whole.
    Stream(StreamId),
    /// One event of a stream, by its sequence number.
    Event(StreamId, i64),
    /// The order of all events.
    Order,
    /// A checkpoint, by its sequence number.
    Checkpoint(i64),
    /// The file of checkpoints that the database is held against.
    Published,
    /// Something that is derived from an aggregate.
    Derived {
        /// What it is, in words.
        what: String,
        /// Of which aggregate.
        of: StreamId,
    },
    /// A table.
    Table(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(stream) => write!(f, "{} {}", stream.stream.name(), stream.id),
            Self::Event(stream, sequence) => write!(f, "{} {}, event {sequence}", stream.stream.name(), stream.id),
            Self::Order => f.write_str("order of all events"),
            Self::Checkpoint(sequence) => write!(f, "checkpoint {sequence}"),
            Self::Published => f.write_str("exported checkpoints"),
            Self::Derived { what, of } => write!(f, "{what} of {} {}", of.stream.name(), of.id),
            Self::Table(table) => write!(f, "table {table}"),
        }
    }
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFault {
    /// Where.
    pub place: Place,
    /// What, in words that go on where the place ends.
    pub detail: String,
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.detail)
    }
}

/// What an audit read and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many streams were read.
    pub streams: u64,
    /// How many events.
    pub events: u64,
    /// How many personal values of them have been erased: whatever the tables hold in their place fits.
    pub erased: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// How many events came after the last checkpoint: only their chains speak for them.
    pub uncovered: u64,
    /// How many faults there are.
    pub faults: u64,
    /// The first thousand of them.
    pub first: Vec<AuditFault>,
}

impl AuditReport {
    /// Adds a fault.
    pub fn note(&mut self, place: Place, detail: impl Into<String>) {
        self.faults += 1;
        if self.first.len() < NAMED {
            self.first.push(AuditFault { place, detail: detail.into() });
        }
    }
}
