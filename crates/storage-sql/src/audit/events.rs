//! The events of one kind of streams, in the order of their streams: pages of rows know nothing of where a stream
//! ends, so that many short ones cost no more than a long one.

use std::collections::VecDeque;

use countersign_core::audit::EventRow;
use countersign_core::event::StreamKind;
use uuid::Uuid;

use super::PAGE;
use crate::error::Failure;
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, Value};

/// A walk over the events of one kind of streams.
pub(super) struct Events {
    kind: StreamKind,
    page: VecDeque<(Vec<u8>, EventRow)>,
    /// The last row that was read.
    last: (Vec<u8>, i64),
    is_done: bool,
}

impl Events {
    /// Stands before the first event.
    pub(super) const fn of(kind: StreamKind) -> Self {
        Self { kind, page: VecDeque::new(), last: (Vec::new(), i64::MIN), is_done: false }
    }

    /// The next event of `stream`. Streams are asked for in their order; the events of one that nobody asks for are
    /// passed over.
    pub(super) fn next_of(&mut self, connection: &mut dyn Session, stream: Uuid) -> Result<Option<EventRow>, Failure> {
        loop {
            while let Some((id, row)) = self.page.pop_front() {
                match id[..].cmp(stream.as_bytes()) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return Ok(Some(row)),
                    std::cmp::Ordering::Greater => {
                        self.page.push_front((id, row));
                        return Ok(None);
                    }
                }
            }
            if self.is_done {
                return Ok(None);
            }
            self.read(connection)?;
        }
    }

    fn read(&mut self, connection: &mut dyn Session) -> Result<(), Failure> {
        let text = match connection.dialect() {
            // As blobs, for a text that was edited need not be one.
            Dialect::Sqlite => {
                "SELECT stream_id, position, sequence, happened_at, format, CAST(bytes AS BLOB), hash, \
                 CAST(sealed AS BLOB) FROM event WHERE stream_kind = ? AND (stream_id, sequence) > (?, ?) \
                 ORDER BY stream_id, sequence LIMIT ?"
            }
            Dialect::Postgres => {
                "SELECT stream_id, position, sequence, happened_at, format, convert_to(bytes, 'UTF8'), hash, \
                 convert_to(sealed, 'UTF8') FROM event WHERE stream_kind = ? AND (stream_id, sequence) > (?, ?) \
                 ORDER BY stream_id, sequence LIMIT ?"
            }
        };
        let last = (Value::Key(self.last.0.clone()), self.last.1.into());
        let values = vec![self.kind.code().into(), last.0, last.1, PAGE.into()];
        let rows = Statement::new(text, values).rows(connection)?;
        self.is_done = rows.is_empty();
        for row in rows {
            self.page.push_back(event_row(row)?);
        }
        if let Some((id, row)) = self.page.back() {
            self.last = (id.clone(), row.sequence);
        }
        Ok(())
    }
}

fn event_row(mut row: Row) -> Result<(Vec<u8>, EventRow), Failure> {
    let stream = row.blob()?;
    let row = EventRow {
        position: row.int()?,
        sequence: row.int()?,
        at: row.int()?,
        format: row.int()?,
        bytes: row.blob()?,
        hash: row.blob()?,
        sealed: row.blob()?,
    };
    Ok((stream, row))
}
