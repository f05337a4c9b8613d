//! Cursors: a place in a list, as a text that means nothing to clients.
//!
//! Nothing is gained by forging one, for what the caller may see is decided by every call anew. The digest tells a
//! text that was cut, mistyped or meant for another list from one that the server gave.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::Fault;

const VERSION: u8 = 1;
/// Version and kind, an integer, an id.
const BODY: usize = 2 + 8 + 16;
/// With the digest, a multiple of three, so that no character of the text is idle.
const LENGTH: usize = BODY + 7;

/// The text that stands for an integer and an id in lists of a `kind`. `context` tells an API's cursors from all others.
pub(crate) fn write(context: &str, kind: u8, (number, id): (i64, Uuid)) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend([VERSION, kind]);
    bytes.extend(number.to_be_bytes());
    bytes.extend(id.as_bytes());
    bytes.extend(digest(context, &bytes));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a text stands for, made into a place by `place`.
pub(crate) fn read<T>(
    context: &str,
    kind: u8,
    text: &str,
    place: impl FnOnce(i64, Uuid) -> Option<T>,
) -> Result<T, Fault> {
    decode(context, kind, text)
        .and_then(|(number, id)| place(number, id))
        .ok_or_else(|| Fault::invalid("cursor", "is none that this list gave; leave it out to begin anew"))
}

fn decode(context: &str, kind: u8, text: &str) -> Option<(i64, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (body, given) = bytes.split_at_checked(BODY)?;
    if given != digest(context, body) {
        return None;
    }
    let (head, rest) = body.split_first_chunk::<2>()?;
    let (number, id) = rest.split_first_chunk::<8>()?;
    if *head != [VERSION, kind] {
        return None;
    }
    Some((i64::from_be_bytes(*number), Uuid::from_slice(id).ok()?))
}

fn digest(context: &str, body: &[u8]) -> [u8; LENGTH - BODY] {
    let mut digest = [0; LENGTH - BODY];
    blake3::Hasher::new_derive_key(context).update(body).finalize_xof().fill(&mut digest);
    digest
}
