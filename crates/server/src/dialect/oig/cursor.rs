//! `cursor`: where the next page of a list begins.

use countersign_core::clock::Timestamp;
use countersign_core::ids::{RequestId, TaskId};
use countersign_core::repository::{RequestCursor, TaskCursor};
use uuid::Uuid;

use crate::dialect::{Fault, cursor};

const CONTEXT: &str = "countersign oig list cursor";

/// A place that can be written as a cursor.
pub(super) trait Cursor: Sized {
    /// The list to which it belongs.
    const KIND: u8;

    /// The time and the id that make it up.
    fn parts(&self) -> (Timestamp, Uuid);

    /// The place that they make up.
    fn from_parts(created: Timestamp, id: Uuid) -> Self;

    /// The text that stands for the place.
    fn write(&self) -> String {
        let (created, id) = self.parts();
        cursor::write(CONTEXT, Self::KIND, (created.as_micros(), id))
    }

    /// The place that a text stands for.
    fn read(text: &str) -> Result<Self, Fault> {
        let place = |micros, id| Some(Self::from_parts(Timestamp::from_micros(micros)?, id));
        cursor::read(CONTEXT, Self::KIND, text, place)
    }
}

impl Cursor for RequestCursor {
    const KIND: u8 = 1;

    fn parts(&self) -> (Timestamp, Uuid) {
        (self.created, self.id.as_uuid())
    }

    fn from_parts(created: Timestamp, id: Uuid) -> Self {
        Self { created, id: RequestId::from_uuid(id) }
    }
}

impl Cursor for TaskCursor {
    const KIND: u8 = 2;

    fn parts(&self) -> (Timestamp, Uuid) {
        (self.created, self.id.as_uuid())
    }

    fn from_parts(created: Timestamp, id: Uuid) -> Self {
        Self { created, id: TaskId::from_uuid(id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(micros: i64, id: u128) -> RequestCursor {
        RequestCursor::from_parts(Timestamp::from_micros(micros).unwrap(), Uuid::from_u128(id))
    }

    #[test]
    fn a_place_is_read_back() {
        for (micros, id) in [(0, 0), (-1, 1), (1_561_062_848_000_001, u128::MAX), (253_402_300_799_999_999, 7)] {
            let text = place(micros, id).write();
            assert_eq!(RequestCursor::read(&text).unwrap(), place(micros, id));
            assert!(text.len() == 44 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }
    }

    #[test]
    fn a_text_that_the_list_did_not_give_is_refused() {
        let text = place(1_561_062_848_000_001, 42).write();
        let refused =
            |text: &str| matches!(RequestCursor::read(text), Err(Fault::Invalid(fault)) if fault.field == "cursor");
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            assert!(refused(&format!("{}{other}{}", &text[..at], &text[at + 1..])), "character {at}");
            assert!(refused(&text[..at]), "the first {at}");
        }
        assert!(refused(&format!("{text}A")) && refused(&format!(" {text}")) && refused("\u{e9}"));
        assert!(TaskCursor::read(&text).is_err(), "the other list's");
    }
}
