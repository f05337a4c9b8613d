//! JSON bodies: a fault names the member.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Fault;

/// How long a body is that holds one thing: most need no more room.
const ROOM: usize = 2048;

/// The body that holds `value`.
pub(crate) fn body(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut body, value)?;
    Ok(body)
}

/// The one value that a body holds.
pub(crate) fn value(bytes: &[u8]) -> Result<Value, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Value::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| Fault::invalid("body", format!("is not JSON: {error}")))
}

/// An object as `T`; `name` is its own.
pub(crate) fn object<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Fault> {
    // A list would be read as the members in their order.
    if !value.is_object() {
        return Err(Fault::invalid(name, "must be a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { name } else { &path };
        Fault::invalid(field, error.inner().to_string())
    })
}

/// An object as `T`, all of whose texts can be kept everywhere: none holds a NUL.
pub(crate) fn storable<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Fault> {
    if holds_nul(value) {
        return Err(Fault::invalid(name, "must not hold a NUL character"));
    }
    object(name, value)
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(elements) => elements.iter().any(holds_nul),
        Value::Object(members) => members.values().any(holds_nul),
        _ => false,
    }
}
