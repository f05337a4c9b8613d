//! Every aggregate and every stream: the chain recomputed, the events replayed, the tables compared.

use std::collections::HashMap;

use countersign_core::audit::{Place, Replayed, Walk};
use countersign_core::catalog::CatalogItem;
use countersign_core::directory::{Group, User};
use countersign_core::error::RepositoryError;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::grant::Grant;
use countersign_core::ids::RequestId;
use countersign_core::profile::{Profile, Smartcard};
use countersign_core::request::Request;
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::Webhook;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::events::Events;
use super::{Audit, PAGE, reason};
use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::pages::Ids;
use crate::parts::{look_up, of_each};
use crate::request;
use crate::session::Session;
use crate::sql::{Statement, Value, sql};

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
        self.each(StreamKind::Request, ids!("request"), requests)?;
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
        self.each(T::STREAM, ids, |connection, ids| {
            let load = |id: &Uuid| match reason(T::load(connection, *id))? {
                Ok(state) => Ok(state.map(|state| (*id, Ok(state)))),
                Err(reason) => Ok(Some((*id, Err(reason)))),
            };
            ids.iter().map(load).filter_map(Result::transpose).collect()
        })
    }

    /// The streams of one kind, each compared with its aggregate.
    fn each<T: Serialize + DeserializeOwned>(
        &mut self,
        kind: StreamKind,
        ids: &'static str,
        load: impl Fn(&mut dyn Session, &[Uuid]) -> Result<HashMap<Uuid, Result<T, String>>, Failure>,
    ) -> Result<(), Failure> {
        let mut events = Events::of(kind);
        self.ids(kind, ids, |audit, page| {
            let mut states = load(audit.connection, page)?;
            let mut chains = chains(audit.connection, kind, page)?;
            for id in page {
                let stream = StreamId { stream: kind, id: *id };
                let replayed = audit.stream(&mut events, stream, chains.remove(id))?;
                let place = Place::Stream(stream);
                match (states.remove(id), replayed) {
                    (Some(Ok(state)), Some(replayed)) => replayed.compare(&state, &mut audit.report),
                    (Some(Ok(_)), None) => {}
                    (None, _) => audit.report.note(place, "is not there, its history is"),
                    (Some(Err(reason)), _) => audit.report.note(place, format!("cannot be read: {reason}")),
                }
            }
            Ok(())
        })
    }

    /// The streams of the server itself, which belong to no aggregate.
    fn server(&mut self) -> Result<(), Failure> {
        const IDS: &str = and_streams!("SELECT NULL AS id WHERE ? IS NULL AND ? IS NULL");
        let mut events = Events::of(StreamKind::Server);
        self.ids(StreamKind::Server, IDS, |audit, page| {
            let mut chains = chains(audit.connection, StreamKind::Server, page)?;
            for id in page {
                let stream = StreamId { stream: StreamKind::Server, id: *id };
                audit.stream(&mut events, stream, chains.remove(id))?;
            }
            Ok(())
        })
    }

    /// Gives the ids to `visit`, page by page.
    fn ids(
        &mut self,
        kind: StreamKind,
        text: &'static str,
        mut visit: impl FnMut(&mut Self, &[Uuid]) -> Result<(), Failure>,
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
            let mut streams = Vec::with_capacity(page.len());
            for (bytes, _) in page {
                match Uuid::from_slice(&bytes) {
                    Ok(id) => streams.push(id),
                    Err(_) => {
                        let detail = format!("holds a stream of the kind {} whose id has not 16 bytes", kind.name());
                        self.report.note(Place::Table("event".to_owned()), detail);
                    }
                }
            }
            visit(self, &streams)?;
        }
    }

    /// Walks along one stream.
    fn stream(
        &mut self,
        events: &mut Events,
        stream: StreamId,
        chain: Option<Chain>,
    ) -> Result<Option<Replayed>, Failure> {
        let mut walk = Walk::new(stream);
        while let Some(row) = events.next_of(self.connection, stream.id)? {
            self.progress.advance(1);
            walk.take(&row, &mut self.report);
        }
        Ok(walk.end(chain.as_ref().map(|(length, head)| (*length, &head[..])), &mut self.report))
    }
}

/// The length and the head of a stream's chain, whatever stands there.
type Chain = (i64, Vec<u8>);

/// The ends of the streams' chains.
fn chains(connection: &mut dyn Session, kind: StreamKind, ids: &[Uuid]) -> Result<HashMap<Uuid, Chain>, Failure> {
    let end = ["chain_length", "chain_head"];
    let rows = if kind == StreamKind::Request {
        of_each(connection, ("request", "id"), &end, ids)?
    } else {
        let keys: Vec<_> = ids.iter().map(|id| vec![kind.code().into(), (*id).into()]).collect();
        let found = look_up(connection, ("event_stream", &["stream_kind", "stream_id"], &end), &keys)?;
        ids.iter().copied().zip(found).filter_map(|(id, row)| row.map(|row| (id, row))).collect()
    };
    rows.into_iter().map(|(id, mut row)| Ok((id, (row.int()?, row.blob()?)))).collect()
}

fn requests(connection: &mut dyn Session, ids: &[Uuid]) -> Result<HashMap<Uuid, Result<Request, String>>, Failure> {
    let ids: Vec<RequestId> = ids.iter().copied().map(RequestId::from).collect();
    let found = request::load_requests(connection, &ids)?;
    let read = |(id, read): (RequestId, Result<Request, RepositoryError>)| {
        Ok((id.as_uuid(), reason(read.map_err(Failure::from))?))
    };
    found.into_iter().map(read).collect()
}
