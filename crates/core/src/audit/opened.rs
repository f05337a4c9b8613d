//! An event's bytes taken apart, with the personal values put back where they stood.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::event::{ERASABLE, EventKind, FORMAT, Hash, Sealed, sealed_digest};

/// What an event's bytes say.
#[derive(Deserialize)]
struct Body {
    at: Timestamp,
    data: Value,
    kind: EventKind,
}

/// An event that could be read.
pub(super) struct Opened {
    pub(super) at: Timestamp,
    pub(super) kind: EventKind,
    /// The particulars; in the place of each erased value stands a text that is in `erased`.
    pub(super) data: Value,
    pub(super) erased: BTreeSet<String>,
    /// Whether the values beside the bytes are those that were sealed.
    pub(super) unsealed: Result<(), String>,
}

/// Takes an event apart; the error says why it cannot be.
pub(super) fn open(format: i64, bytes: &[u8], sealed: &[u8]) -> Result<Opened, String> {
    if format != i64::from(FORMAT) {
        return Err(format!("has format {format}, which this program does not know"));
    }
    let body: Body = serde_json::from_slice(bytes).map_err(|error| format!("cannot be read: {error}"))?;
    let Body { at, mut data, kind } = body;
    let unsealed = put_back(&mut data, sealed);
    let mut erased = BTreeSet::new();
    replace_digests(&mut data, &mut erased);
    Ok(Opened { at, kind, data, erased, unsealed })
}

/// Puts every sealed value in the place of its digest; the error names the first that does not fit.
fn put_back(data: &mut Value, sealed: &[u8]) -> Result<(), String> {
    let sealed: Vec<Sealed> =
        serde_json::from_slice(sealed).map_err(|error| format!("its sealed values cannot be read: {error}"))?;
    let mut result = Ok(());
    for Sealed { pointer, salt, value } in sealed {
        match data.pointer_mut(&pointer) {
            Some(place) if digest(place) == Some(sealed_digest(salt, &value)) => *place = value,
            _ if result.is_ok() => {
                result = Err(format!("the sealed value of {pointer} is not the one whose digest stands in the event"));
            }
            _ => {}
        }
    }
    result
}

/// The digest that `value` is, if it stands for a sealed value.
fn digest(value: &Value) -> Option<Hash> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    Hash::deserialize(members.get("sealed")?).ok()
}

fn replace_digests(value: &mut Value, erased: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match digest(member).filter(|_| ERASABLE.contains(&name.as_str())) {
                    Some(digest) => {
                        // A text that every type of an erasable member takes, a login too.
                        let text = format!("erased {digest}");
                        *member = Value::String(text.clone());
                        erased.insert(text);
                    }
                    None => replace_digests(member, erased),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace_digests(element, erased)),
        _ => {}
    }
}
