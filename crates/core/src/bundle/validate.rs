//! Checking a bundle before it is stored: what must be unique, and what is referred to.

use uuid::Uuid;

use super::relations::{claims, keys_of_unread, owner_of, references, rival};
use super::{Fault, Key, KeyIndex, Placed, Record};
use crate::error::{Invalid, RepositoryError};
use crate::event::{Chain, EventKind, FORMAT, StoredEvent, StreamId, canonical, keep_exact, link, sealed_digest};

/// How many faults are named one by one.
const NAMED: usize = 1000;

/// What the second reading says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be stored.
    Sound,
    /// It has faults, which are noted.
    Faulty,
}

/// Checks a bundle in two readings: [`Validator::claim`] every record, then [`Validator::check`] every record.
#[derive(Debug, Default)]
pub struct Validator {
    count: u64,
    first: Vec<Fault>,
    stream: Option<(StreamId, Chain)>,
    /// Where the header stands, and how many records it says there are.
    announced: Option<(u64, u64)>,
    /// How many records were read, but for the header.
    read: u64,
}

impl Validator {
    /// The faults that were found: how many, and the first thousand in the order of the bundle.
    pub fn into_faults(mut self) -> (u64, Vec<Fault>) {
        self.first.sort_by_key(|fault| fault.place);
        (self.count, self.first)
    }

    /// Whether no fault was found so far.
    pub const fn is_sound(&self) -> bool {
        self.count == 0
    }

    /// Notes a fault.
    pub fn note(&mut self, fault: Fault) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(fault);
        }
    }

    fn note_in(&mut self, placed: &Placed, invalid: Invalid) {
        self.note(Fault { place: placed.place, record: Some(placed.record.name()), invalid });
    }

    /// The first reading of a record that cannot be read: what refers to it is not at fault.
    pub fn claim_unread(&mut self, fault: Fault, keys: &mut dyn KeyIndex) -> Result<(), RepositoryError> {
        self.read += 1;
        let name = fault.record.as_deref().and_then(|name| name.split_once(' '));
        if let Some((kind, id)) = name.and_then(|(kind, id)| Some((kind, Uuid::try_parse(id).ok()?))) {
            for key in keys_of_unread(kind, id) {
                keys.claim(&key, id, fault.place)?;
            }
        }
        self.note(fault);
        Ok(())
    }

    /// The end of the first reading: notes that records are missing, or that there are too many.
    pub fn claimed(&mut self) {
        if let Some((place, records)) = self.announced
            && records != self.read
        {
            let reason = format!("is {records}, and there are {}: the bundle is not whole", self.read);
            self.note(Fault { place, record: Some("header".to_owned()), invalid: Invalid::new("records", reason) });
        }
    }

    /// The first reading: notes the record's own faults and the keys that it claims.
    pub fn claim(&mut self, placed: &Placed, keys: &mut dyn KeyIndex) -> Result<(), RepositoryError> {
        match &placed.record {
            Record::Header(header) => self.announced = header.records.map(|records| (placed.place, records)),
            _ => self.read += 1,
        }
        for invalid in placed.record.faults() {
            self.note_in(placed, invalid);
        }
        if let Record::Event(event) = &placed.record {
            keys.claim(&Key::Stream(event.stream_id()), event.id, placed.place)?;
            return Ok(());
        }
        let mut told = None;
        for (member, key, owner) in claims(&placed.record) {
            if let Some(earlier) = keys.claim(&key, owner, placed.place)?
                && told.replace(member) != Some(member)
            {
                self.note_in(placed, Invalid::new(member, format!("is already taken by record {earlier}")));
            }
        }
        Ok(())
    }

    /// The second reading: notes keys that the database holds for others, and references to nothing.
    pub fn check(&mut self, placed: &Placed, keys: &mut dyn KeyIndex) -> Result<Verdict, RepositoryError> {
        let before = self.count;
        if let Record::Event(event) = &placed.record {
            self.check_event(placed, event, keys)?;
        }
        for (member, key, owner) in claims(&placed.record) {
            if keys.stored_holder(&key)?.is_some_and(|holder| holder != owner) {
                self.note_in(placed, Invalid::new(member, "is already taken in the database"));
            }
        }
        if let Some(key) = rival(&placed.record)
            && keys.stored_holder(&key)?.is_some()
        {
            self.note_in(placed, Invalid::new("id", "names a principal of the other kind in the database"));
        }
        for (member, key) in references(&placed.record) {
            if keys.holder(&key)?.is_none() {
                let reason = format!("refers to {key}, which is neither here nor in the database");
                self.note_in(placed, Invalid::new(member, reason));
            }
        }
        Ok(if self.count == before { Verdict::Sound } else { Verdict::Faulty })
    }

    fn check_event(
        &mut self,
        placed: &Placed,
        event: &StoredEvent,
        keys: &mut dyn KeyIndex,
    ) -> Result<(), RepositoryError> {
        let stream = event.stream_id();
        let chain = match self.stream {
            Some((last, chain)) if last == stream => chain,
            _ => Chain::EMPTY,
        };
        if event.sequence != chain.length + 1 {
            let expected = chain.length + 1;
            self.note_in(
                placed,
                Invalid::new("sequence", format!("is {}; {expected} is next in this stream", event.sequence)),
            );
        }
        if event.hash != link(stream.id, event.sequence, &chain.head, event.bytes.as_bytes()) {
            self.note_in(placed, Invalid::new("hash", "does not follow from the event before it and the bytes"));
        }
        self.stream = Some((stream, Chain { length: event.sequence, head: event.hash }));
        for invalid in body_faults(event) {
            self.note_in(placed, invalid);
        }
        if let Some(owner) = owner_of(stream)
            && keys.holder(&owner)?.is_none()
        {
            self.note_in(
                placed,
                Invalid::new("id", "is an event of something that is neither here nor in the database"),
            );
        }
        Ok(())
    }
}

/// What is wrong with an event's bytes and the values beside them.
fn body_faults(event: &StoredEvent) -> Vec<Invalid> {
    if event.format != FORMAT {
        return vec![Invalid::new("format", format!("is {}; this program reads {FORMAT}", event.format))];
    }
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&event.bytes) else {
        return vec![Invalid::new("bytes", "must be a JSON text")];
    };
    let mut faults = Vec::new();
    if canonical(&body) != event.bytes.as_bytes() {
        faults.push(Invalid::new("bytes", "must be canonical JSON (RFC 8785)"));
    }
    if serde_json::from_value::<EventKind>(body["kind"].clone()).is_err() {
        faults.push(Invalid::new("bytes", "is of a kind of event that this program does not know"));
    }
    let mut at = serde_json::json!(event.at);
    keep_exact(&mut at);
    if body["at"] != at {
        faults.push(Invalid::new("at", "is not the time in the bytes"));
    }
    for (index, sealed) in event.sealed.iter().enumerate() {
        let digest = body["data"].pointer(&sealed.pointer).map(|found| &found["sealed"]);
        if digest != Some(&serde_json::json!(sealed_digest(sealed.salt, &sealed.value))) {
            faults.push(Invalid::new(format!("sealed[{index}]"), "is not the value whose digest stands in the bytes"));
        }
    }
    faults
}
