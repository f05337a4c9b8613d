//! Where the next page of a list begins.

use countersign_core::clock::Timestamp;
use countersign_core::ids::{CatalogNumber, TemplateId};
use countersign_core::repository::{RequestCursor, TaskCursor};
use uuid::Uuid;

use crate::dialect::{Fault, cursor};

const CONTEXT: &str = "countersign native list cursor";

/// A place that can be written as a cursor.
pub(super) trait Cursor: Sized {
    /// The list to which it belongs.
    const KIND: u8;

    /// The integer and the id that make it up.
    fn parts(&self) -> (i64, Uuid);

    /// The place that they make up, if they make up one.
    fn from_parts(number: i64, id: Uuid) -> Option<Self>;

    /// The text that stands for the place.
    fn write(&self) -> String {
        cursor::write(CONTEXT, Self::KIND, self.parts())
    }

    /// The place that a text stands for.
    fn read(text: &str) -> Result<Self, Fault> {
        cursor::read(CONTEXT, Self::KIND, text, Self::from_parts)
    }
}

impl Cursor for RequestCursor {
    const KIND: u8 = 1;

    fn parts(&self) -> (i64, Uuid) {
        (self.created.as_micros(), self.id.as_uuid())
    }

    fn from_parts(number: i64, id: Uuid) -> Option<Self> {
        Some(Self { created: Timestamp::from_micros(number)?, id: id.into() })
    }
}

impl Cursor for TaskCursor {
    const KIND: u8 = 2;

    fn parts(&self) -> (i64, Uuid) {
        (self.created.as_micros(), self.id.as_uuid())
    }

    fn from_parts(number: i64, id: Uuid) -> Option<Self> {
        Some(Self { created: Timestamp::from_micros(number)?, id: id.into() })
    }
}

/// The sequence number of an event in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence(pub(super) i64);

impl Cursor for Sequence {
    const KIND: u8 = 3;

    fn parts(&self) -> (i64, Uuid) {
        (self.0, Uuid::nil())
    }

    fn from_parts(number: i64, _: Uuid) -> Option<Self> {
        Some(Self(number))
    }
}

impl Cursor for TemplateId {
    const KIND: u8 = 4;

    fn parts(&self) -> (i64, Uuid) {
        (0, self.as_uuid())
    }

    fn from_parts(_: i64, id: Uuid) -> Option<Self> {
        Some(id.into())
    }
}

impl Cursor for CatalogNumber {
    const KIND: u8 = 5;

    fn parts(&self) -> (i64, Uuid) {
        (self.get(), Uuid::nil())
    }

    fn from_parts(number: i64, _: Uuid) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back() {
        for number in [0, 7, i64::MAX] {
            assert_eq!(Sequence::read(&Sequence(number).write()).unwrap(), Sequence(number));
        }
        let place = RequestCursor { created: Timestamp::from_micros(-1).unwrap(), id: Uuid::from_u128(9).into() };
        assert_eq!(RequestCursor::read(&place.write()).unwrap(), place);
    }

    #[test]
    fn a_text_that_the_list_did_not_give_is_refused() {
        let text = Sequence(42).write();
        let refused =
            |text: &str| matches!(Sequence::read(text), Err(Fault::Invalid(fault)) if fault.field == "cursor");
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            assert!(refused(&format!("{}{other}{}", &text[..at], &text[at + 1..])), "character {at}");
        }
        assert!(refused("") && refused(&format!("{text}A")) && refused("\u{e9}"));
        assert!(CatalogNumber::read(&text).is_err(), "another list's");
    }
}
