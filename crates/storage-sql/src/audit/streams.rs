//! Every aggregate and every stream: the chain recomputed, the events replayed, the tables compared.

use countersign_core::audit::{EventRow, Place, Replayed, Walk};
use countersign_core::catalog::CatalogItem;
use countersign_core::directory::{Group, User};
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::grant::Grant;
use countersign_core::profile::{Profile, Smartcard};
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::Webhook;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Audit, PAGE, reason};
use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::pages::Ids;
use crate::request;
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, Value, sql};

/// The ids of the streams of a kind, whichever there are, besides what comes first. Each part has the limit of the
/// whole: PostgreSQL would read all of it for every page.
macro_rules! and_streams {
    ($first:expr) => {
        concat!(
            $first,
            " UNION SELECT stream_id FROM (SELECT DISTINCT stream_id FROM event \
             WHERE stream_kind = ? AND stream_id >= ? ORDER BY stream_id LIMIT ?) AS told \
             UNION SELECT stream_id FROM (SELECT stream_id FROM event_stream \
             WHERE stream_kind = ? AND stream_id >= ? ORDER BY stream_id LIMIT ?) AS kept ORDER BY 1 LIMIT ?"
        )
    };
}

/// The ids of the aggregates in a table and of the streams of their kind.
macro_rules! ids {
    ($table:literal) => {
        and_streams!(concat!("SELECT id FROM (SELECT id FROM ", $table, " WHERE id >= ? ORDER BY id LIMIT ?) AS own"))
    };
}

impl Audit<'_> {
    pub(super) fn streams(&mut self) -> Result<(), Failure> {
        let events = sql!("SELECT count(*) FROM event").row(self.connection)?;
        self.progress.begin("reading events", events.map(|mut row| row.number()).transpose()?);
        self.each(StreamKind::Request, ids!("request"), |connection, id| request::load_request(connection, id.into()))?;
        self.aggregates::<ProfileTemplate>(ids!("profile_template"))?;
        self.aggregates::<ApprovalRule>(ids!("approval_rule"))?;
        self.aggregates::<CatalogItem>(ids!("catalog_item"))?;
        self.aggregates::<User>(ids!("app_user"))?;
        self.aggregates::<Group>(ids!("app_group"))?;
        self.aggregates::<Profile>(ids!("profile"))?;
        self.aggregates::<Smartcard>(ids!("smartcard"))?;
        self.aggregates::<Grant>(ids!("grant_held"))?;
        self.aggregates::<RequestRule>(ids!("request_rule"))?;
        self.aggregates::<Webhook>(ids!("webhook"))?;
        self.server()
    }

    fn aggregates<T: Aggregate + Serialize + DeserializeOwned>(&mut self, ids: &'static str) -> Result<(), Failure> {
        self.each(T::STREAM, ids, T::load)
    }

    /// The streams of one kind, each compared with its aggregate.
    fn each<T: Serialize + DeserializeOwned>(
        &mut self,
        kind: StreamKind,
        ids: &'static str,
        load: impl Fn(&mut dyn Session, Uuid) -> Result<Option<T>, Failure>,
    ) -> Result<(), Failure> {
        self.ids(kind, ids, |audit, stream| {
            let replayed = audit.stream(stream)?;
            let place = Place::Stream(stream);
            match (reason(load(audit.connection, stream.id))?, replayed) {
                (Ok(Some(state)), Some(replayed)) => replayed.compare(&state, &mut audit.report),
                (Ok(Some(_)), None) => {}
                (Ok(None), _) => audit.report.note(place, "is not there, its history is"),
                (Err(reason), _) => audit.report.note(place, format!("cannot be read: {reason}")),
            }
            Ok(())
        })
    }

    /// The streams of the server itself, which belong to no aggregate.
    fn server(&mut self) -> Result<(), Failure> {
        const IDS: &str = and_streams!("SELECT NULL AS id WHERE ? IS NULL AND ? IS NULL");
        self.ids(StreamKind::Server, IDS, |audit, stream| audit.stream(stream).map(|_| ()))
    }

    fn ids(
        &mut self,
        kind: StreamKind,
        text: &'static str,
        mut visit: impl FnMut(&mut Self, StreamId) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut ids = Ids::default();
        loop {
            let (code, from, most) = (Value::from(kind.code()), ids.bound(), Value::from(PAGE));
            let part = [code, from.clone(), most.clone()];
            let values = [vec![from, most.clone()], part.to_vec(), part.to_vec(), vec![most]].concat();
            let page = ids.next_bytes(Statement::new(text, values).rows(self.connection)?)?;
            if page.is_empty() {
                return Ok(());
            }
            for (bytes, _) in page {
                match Uuid::from_slice(&bytes) {
                    Ok(id) => visit(self, StreamId { stream: kind, id })?,
                    Err(_) => {
                        let detail = format!("holds a stream of the kind {} whose id has not 16 bytes", kind.name());
                        self.report.note(Place::Table("event".to_owned()), detail);
                    }
                }
            }
        }
    }

    /// Walks along one stream.
    fn stream(&mut self, stream: StreamId) -> Result<Option<Replayed>, Failure> {
        let mut walk = Walk::new(stream);
        let mut last = i64::MIN;
        loop {
            let text = match self.connection.dialect() {
                // As blobs, for a text that was edited need not be one.
                Dialect::Sqlite => {
                    "SELECT position, sequence, happened_at, format, CAST(bytes AS BLOB), hash, CAST(sealed AS BLOB) \
                     FROM event WHERE stream_kind = ? AND stream_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
                }
                Dialect::Postgres => {
                    "SELECT position, sequence, happened_at, format, convert_to(bytes, 'UTF8'), hash, \
                     convert_to(sealed, 'UTF8') \
                     FROM event WHERE stream_kind = ? AND stream_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
                }
            };
            let values = vec![stream.stream.code().into(), stream.id.into(), last.into(), PAGE.into()];
            let rows = Statement::new(text, values).rows(self.connection)?;
            if rows.is_empty() {
                break;
            }
            self.progress.advance(rows.len() as u64);
            for row in rows {
                let row = event_row(row)?;
                last = row.sequence;
                walk.take(&row, &mut self.report);
            }
        }
        let chain = self.chain(stream)?;
        Ok(walk.end(chain.as_ref().map(|(length, head)| (*length, &head[..])), &mut self.report))
    }

    /// The end of the stream's chain, whatever stands there.
    fn chain(&mut self, stream: StreamId) -> Result<Option<(i64, Vec<u8>)>, Failure> {
        let found = if stream.stream == StreamKind::Request {
            sql!("SELECT chain_length, chain_head FROM request WHERE id = ?", stream.id)
        } else {
            sql!(
                "SELECT chain_length, chain_head FROM event_stream WHERE stream_kind = ? AND stream_id = ?",
                stream.stream.code(),
                stream.id
            )
        };
        let row = found.row(self.connection)?;
        row.map(|mut row| Ok((row.int()?, row.blob()?))).transpose()
    }
}

fn event_row(mut row: Row) -> Result<EventRow, Failure> {
    Ok(EventRow {
        position: row.int()?,
        sequence: row.int()?,
        at: row.int()?,
        format: row.int()?,
        bytes: row.blob()?,
        hash: row.blob()?,
        sealed: row.blob()?,
    })
}
