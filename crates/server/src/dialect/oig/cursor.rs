//! `cursor`: a place in a list, as a text that means nothing to clients.
//!
//! Nothing is gained by forging one, for what the caller may see is decided by every call anew.
//! The digest tells a text that was cut, mistyped or meant for the other view from one that the server gave.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::clock::Timestamp;
use countersign_core::ids::{RequestId, TaskId};
use countersign_core::repository::{RequestCursor, TaskCursor};
use uuid::Uuid;

use crate::dialect::Fault;

const VERSION: u8 = 1;
const CONTEXT: &str = "countersign oig list cursor";
/// Version and kind, time, id, digest: a multiple of three, so that no character of the text is idle.
const LENGTH: usize = BODY + 7;
const BODY: usize = 2 + 8 + 16;

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
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend([VERSION, Self::KIND]);
        bytes.extend(created.as_micros().to_be_bytes());
        bytes.extend(id.as_bytes());
        bytes.extend(digest(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a text stands for.
    fn read(text: &str) -> Result<Self, Fault> {
        decode(text, Self::KIND)
            .map(|(created, id)| Self::from_parts(created, id))
            .ok_or_else(|| Fault::invalid("cursor", "is none that this list gave; leave it out to begin anew"))
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

fn decode(text: &str, kind: u8) -> Option<(Timestamp, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (body, given) = bytes.split_at_checked(BODY)?;
    if given != digest(body) {
        return None;
    }
    let (head, rest) = body.split_first_chunk::<2>()?;
    let (micros, id) = rest.split_first_chunk::<8>()?;
    if *head != [VERSION, kind] {
        return None;
    }
    Some((Timestamp::from_micros(i64::from_be_bytes(*micros))?, Uuid::from_slice(id).ok()?))
}

fn digest(body: &[u8]) -> [u8; LENGTH - BODY] {
    let mut digest = [0; LENGTH - BODY];
    blake3::Hasher::new_derive_key(CONTEXT).update(body).finalize_xof().fill(&mut digest);
    digest
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
