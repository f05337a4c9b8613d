//! Ids in pages: each statement reads from the last one on, which it finds again, for not every database has
//! a bound that comes before every id.

use uuid::Uuid;

use crate::error::{Failure, damaged};
use crate::sql::{Row, Value};

/// How far the ids have been read. The bytes in an id's column need not be one where the database takes anything.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: Vec<u8>,
}

impl Ids {
    /// What `id >= ?` is bound to.
    pub(crate) fn bound(&self) -> Value {
        Value::Key(self.last.clone())
    }

    /// The bytes that are new in a page, of which ids are the first column.
    pub(crate) fn next_bytes(&mut self, rows: Vec<Row>) -> Result<Vec<(Vec<u8>, Row)>, Failure> {
        let mut fresh = Vec::with_capacity(rows.len());
        for mut row in rows {
            let bytes = row.blob()?;
            if bytes != self.last {
                fresh.push((bytes, row));
            }
        }
        if let Some((last, _)) = fresh.last() {
            self.last.clone_from(last);
        }
        Ok(fresh)
    }

    /// The ids that are new in a page.
    pub(crate) fn next(&mut self, rows: Vec<Row>) -> Result<Vec<Uuid>, Failure> {
        let id =
            |(bytes, _): (Vec<u8>, Row)| Ok(Uuid::from_slice(&bytes).map_err(|_| damaged("an id has not 16 bytes"))?);
        self.next_bytes(rows)?.into_iter().map(id).collect()
    }
}
