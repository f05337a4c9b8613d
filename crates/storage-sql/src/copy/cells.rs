//! Rows between two databases: cells of either become values of both, and a place in a table a text.

use serde_json::Value as Json;
use uuid::Uuid;

use super::table::{Column, Kind};
use crate::error::{Failure, damaged};
use crate::sql::{Cell, Value};

/// The cells of a row.
pub(super) type Cells = Vec<Option<Cell>>;

/// What a cell of that column is bound as.
pub(super) fn value(column: &Column, cell: Option<Cell>) -> Result<Value, Failure> {
    let wrong = || damaged(format!("{} holds what its type does not allow", column.name)).into();
    Ok(match (column.kind, cell) {
        (Kind::Id, None) => Value::Id(None),
        (Kind::Int, None) => Value::Int(None),
        (Kind::Text, None) => Value::Text(None),
        (Kind::Blob, None) => Value::Blob(None),
        (Kind::Id, Some(Cell::Id(id))) => Value::Id(Some(id)),
        (Kind::Id, Some(Cell::Blob(bytes))) => match Uuid::from_slice(&bytes) {
            Ok(id) => Value::Id(Some(id)),
            Err(_) => {
                let reason = format!("{} holds an id of {} bytes instead of 16", column.name, bytes.len());
                return Err(damaged(reason).into());
            }
        },
        (Kind::Int, Some(Cell::Int(value))) => Value::Int(Some(value)),
        (Kind::Text, Some(Cell::Text(value))) => Value::Text(Some(value)),
        (Kind::Blob, Some(Cell::Blob(value))) => Value::Blob(Some(value)),
        _ => return Err(wrong()),
    })
}

/// What it takes in memory, about.
pub(super) fn size(row: &Cells) -> usize {
    let of = |cell: &Option<Cell>| match cell {
        Some(Cell::Text(text)) => text.len() + 16,
        Some(Cell::Blob(bytes)) => bytes.len() + 16,
        _ => 0,
    };
    row.iter().map(|cell| of(cell) + size_of::<Option<Cell>>()).sum()
}

/// The key of a row as a text.
pub(super) fn place(key: &[Column], row: &Cells) -> Result<String, Failure> {
    let mut parts = Vec::with_capacity(key.len());
    for (column, cell) in key.iter().zip(row) {
        parts.push(match value(column, cell.clone())? {
            Value::Int(Some(value)) => Json::from(value),
            Value::Text(Some(value)) => Json::from(value),
            Value::Id(Some(id)) => Json::from(id.to_string()),
            _ => return Err(damaged(format!("{} is a part of a key and empty", column.name)).into()),
        });
    }
    Ok(Json::Array(parts).to_string())
}

/// The values of a place that was kept.
pub(super) fn key(key: &[Column], place: &str) -> Result<Vec<Value>, Failure> {
    let unreadable = || damaged(format!("the place {place} of an unfinished copy cannot be read"));
    let parts: Vec<Json> = serde_json::from_str(place).map_err(|_| unreadable())?;
    if parts.len() != key.len() {
        return Err(unreadable().into());
    }
    let part = |(column, part): (&Column, &Json)| match column.kind {
        Kind::Int => part.as_i64().map(Value::from),
        Kind::Text => part.as_str().map(Value::from),
        Kind::Id => part.as_str().and_then(|text| Uuid::parse_str(text).ok()).map(Value::from),
        Kind::Blob => None,
    };
    let values: Option<Vec<_>> = key.iter().zip(&parts).map(part).collect();
    Ok(values.ok_or_else(unreadable)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[Column] = &[
        Column { name: "id", kind: Kind::Id },
        Column { name: "number", kind: Kind::Int },
        Column { name: "name", kind: Kind::Text },
    ];

    #[test]
    fn a_place_is_found_again() {
        let id = Uuid::from_u128(7);
        let name = "O'Brien \"?\" \u{1F600}";
        let row =
            vec![Some(Cell::Blob(id.as_bytes().to_vec())), Some(Cell::Int(i64::MIN)), Some(Cell::Text(name.into()))];
        let found = key(KEY, &place(KEY, &row).unwrap()).unwrap();
        assert_eq!(found, [Value::from(id), Value::from(i64::MIN), Value::from(name)]);
        for text in ["", "[]", "[1,2,3]", "{}"] {
            assert!(key(KEY, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_of_another_length_is_named() {
        let refused = value(&KEY[0], Some(Cell::Blob(vec![1, 2, 3])));
        assert!(format!("{refused:?}").contains("id holds an id of 3 bytes"), "{refused:?}");
        assert!(value(&KEY[1], Some(Cell::Text("1".into()))).is_err());
    }
}
