//! The checkpoints from the first to the last, and the streams held against them.

use super::checkpoint::{CHECKPOINT_FORMAT, Checkpoint, Leaf};
use super::key::PublicKey;
use super::report::{AuditReport, Place};
use crate::event::Hash;

/// Checkpoints that were exported earlier, in their order. An error says what cannot be read.
pub type Published = Box<dyn Iterator<Item = Result<Checkpoint, String>> + Send>;

/// What an audit may trust besides the database.
#[derive(Default)]
pub struct Trust {
    /// The keys that sign checkpoints. Without any, no signature is verified.
    pub keys: Vec<PublicKey>,
    /// Checkpoints that the database must hold.
    pub published: Option<Published>,
}

/// What the next checkpoint follows.
#[derive(Clone, Copy)]
struct Last {
    sequence: i64,
    /// Unknown after one that cannot be read.
    hash: Option<Hash>,
    /// Likewise.
    position: Option<i64>,
}

/// A walk along the checkpoints.
pub struct Trail {
    keys: Vec<PublicKey>,
    published: Option<std::iter::Peekable<Published>>,
    last: Last,
}

impl Trail {
    /// Stands before the first checkpoint.
    pub fn new(trust: Trust) -> Self {
        let last = Last { sequence: 0, hash: Some(Hash::ZERO), position: Some(0) };
        Self { keys: trust.keys, published: trust.published.map(Iterator::peekable), last }
    }

    /// The sequence number of the checkpoint that was seen last.
    pub const fn sequence(&self) -> i64 {
        self.last.sequence
    }

    /// Up to which position the last checkpoint covers the events, where that is known.
    pub const fn position(&self) -> Option<i64> {
        self.last.position
    }

    /// The next checkpoint to look at: the stored one that is handed in, or the exported one that
    /// the database does not hold. A stored one that comes later is handed in again.
    pub fn next(&mut self, stored: Option<Checkpoint>, report: &mut AuditReport) -> Option<Checkpoint> {
        let Some(published) = self.next_published(report) else { return stored };
        match stored {
            Some(stored) if stored.sequence < published.sequence => Some(stored),
            Some(stored) if stored.sequence == published.sequence => {
                self.published.as_mut().and_then(Iterator::next);
                if stored != published {
                    let place = Place::Checkpoint(stored.sequence);
                    report.note(place, "is not the one that was exported under this number");
                }
                Some(stored)
            }
            _ => {
                self.published.as_mut().and_then(Iterator::next);
                report.note(Place::Checkpoint(published.sequence), "was exported, and is not in the database");
                Some(published)
            }
        }
    }

    /// The next exported checkpoint, passing over what cannot be read.
    fn next_published(&mut self, report: &mut AuditReport) -> Option<Checkpoint> {
        let published = self.published.as_mut()?;
        loop {
            match published.peek()? {
                Ok(checkpoint) => return Some(checkpoint.clone()),
                Err(reason) => report.note(Place::Published, reason.clone()),
            }
            published.next();
        }
    }

    /// Takes the next checkpoint. Says whether its leaves are those that were signed.
    pub fn take(&mut self, checkpoint: &Checkpoint, report: &mut AuditReport) -> bool {
        report.checkpoints += 1;
        let place = || Place::Checkpoint(checkpoint.sequence);
        self.follow(checkpoint.sequence, report);
        if self.last.hash.is_some_and(|hash| hash != checkpoint.previous) {
            report.note(place(), "does not name the checkpoint before it");
        }
        if checkpoint.format != CHECKPOINT_FORMAT {
            report.note(place(), format!("has format {}, which this program does not know", checkpoint.format));
        }
        if self.last.position.is_some_and(|position| position >= checkpoint.position) {
            report.note(place(), "covers no event that the one before it does not");
        }
        let whole = checkpoint.has_its_leaves();
        if !whole {
            report.note(place(), "its leaves are not those that its root stands for");
        }
        match self.keys.iter().find(|key| key.id() == checkpoint.key) {
            Some(key) if !checkpoint.is_signed_by(key) => report.note(place(), "its signature does not fit"),
            None if !self.keys.is_empty() => {
                report.note(place(), format!("is signed with a key that is not trusted here, {}", checkpoint.key));
            }
            _ => {}
        }
        let (sequence, position) = (checkpoint.sequence, Some(checkpoint.position));
        self.last = Last { sequence, hash: Some(checkpoint.hash()), position };
        whole
    }

    /// Passes over a stored checkpoint that cannot be read.
    pub fn pass(&mut self, sequence: i64, reason: &str, report: &mut AuditReport) {
        report.checkpoints += 1;
        self.follow(sequence, report);
        report.note(Place::Checkpoint(sequence), format!("cannot be read: {reason}"));
        self.last = Last { sequence, hash: None, position: None };
    }

    fn follow(&mut self, sequence: i64, report: &mut AuditReport) {
        let next = self.last.sequence + 1;
        if sequence != next {
            let until =
                if sequence - next > 1 { format!(", as are those up to {}", sequence - 1) } else { String::new() };
            report.note(Place::Checkpoint(next), format!("is missing{until}"));
            self.last.hash = None;
            self.last.position = None;
        }
    }

    /// Holds a stream against a leaf. `found` is the hash of the stream's event of that number.
    pub fn hold(checkpoint: i64, leaf: &Leaf, found: Option<&[u8]>, report: &mut AuditReport) {
        if found == Some(&leaf.head.0[..]) {
            return;
        }
        let what = if found.is_some() { "is another than" } else { "is not there any more, as" };
        let detail = format!("{what} checkpoint {checkpoint} saw it: the stream had {} events", leaf.length);
        report.note(Place::Event(leaf.stream_id(), leaf.length), detail);
    }
}
