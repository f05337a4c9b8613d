//! Every aggregate and every stream: the chain recomputed, the events replayed, the aggregate compared.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::audit::{EventRow, Place, Replayed, Walk};
use countersign_core::catalog::CatalogItem;
use countersign_core::directory::{Group, User};
use countersign_core::error::RepositoryError;
use countersign_core::event::{StoredEvent, StreamId, StreamKind};
use countersign_core::grant::Grant;
use countersign_core::profile::{Profile, Smartcard};
use countersign_core::repository::Result;
use countersign_core::request::Request;
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::Webhook;
use uuid::Uuid;

use super::Audit;
use crate::tabled::Tabled;

/// The streams that there are, by kind.
type Streams = BTreeMap<StreamKind, BTreeSet<Uuid>>;

impl Audit<'_> {
    pub(super) fn streams(&mut self) -> Result<()> {
        self.progress.begin("reading events", Some(self.tables.events.len() as u64));
        let mut streams = Streams::new();
        for stream in self.tables.events.streams().chain(self.tables.chains.keys().copied()) {
            streams.entry(stream.stream).or_default().insert(stream.id);
        }
        self.each::<Request>(&mut streams)?;
        self.each::<ProfileTemplate>(&mut streams)?;
        self.each::<ApprovalRule>(&mut streams)?;
        self.each::<CatalogItem>(&mut streams)?;
        self.each::<User>(&mut streams)?;
        self.each::<Group>(&mut streams)?;
        self.each::<Profile>(&mut streams)?;
        self.each::<Smartcard>(&mut streams)?;
        self.each::<Grant>(&mut streams)?;
        self.each::<RequestRule>(&mut streams)?;
        self.each::<Webhook>(&mut streams)?;
        // The server's own streams belong to no aggregate.
        for (stream, ids) in streams {
            for id in ids {
                self.stream(StreamId { stream, id })?;
            }
        }
        Ok(())
    }

    /// The streams of one kind, each compared with its aggregate.
    fn each<T: Tabled>(&mut self, streams: &mut Streams) -> Result<()> {
        let table = T::table(self.tables);
        let mut ids = streams.remove(&T::STREAM).unwrap_or_default();
        ids.extend(table.ids());
        for id in ids {
            let stream = StreamId { stream: T::STREAM, id };
            let replayed = self.stream(stream)?;
            let place = Place::Stream(stream);
            match (table.get(id), replayed) {
                (Ok(Some(state)), Some(replayed)) => replayed.compare(&*state, &mut self.report),
                (Ok(Some(_)), None) => {}
                (Ok(None), _) => self.report.note(place, "is not there, its history is"),
                (Err(RepositoryError::Damaged(reason)), _) => self.report.note(place, reason),
                (Err(other), _) => return Err(other),
            }
        }
        Ok(())
    }

    /// Walks along one stream.
    fn stream(&mut self, stream: StreamId) -> Result<Option<Replayed>> {
        let mut walk = Walk::new(stream);
        for (position, event) in self.tables.events.of_stream(stream, i64::MIN) {
            walk.take(&row(position, event)?, &mut self.report);
            self.progress.advance(1);
        }
        let chain = self.tables.chains.get(&stream);
        Ok(walk.end(chain.map(|chain| (chain.length, &chain.head.0[..])), &mut self.report))
    }
}

fn row(position: i64, event: &StoredEvent) -> Result<EventRow> {
    let sealed = serde_json::to_vec(&event.sealed);
    Ok(EventRow {
        position,
        sequence: event.sequence,
        at: event.at.as_micros(),
        format: event.format.into(),
        bytes: event.bytes.clone().into_bytes(),
        hash: event.hash.0.to_vec(),
        sealed: sealed.map_err(|error| RepositoryError::Internal(error.to_string()))?,
    })
}
