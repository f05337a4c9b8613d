//! Requests as a change finds them, and as they stay until its transaction ends.

use std::collections::HashMap;

use countersign_core::access::Acl;
use countersign_core::document::{Document, FORMAT};
use countersign_core::event::Chain;
use countersign_core::ids::{RequestId, Revision};
use countersign_core::request::Request;

use super::load_request;
use crate::error::Failure;
use crate::event::hash;
use crate::session::Session;
use crate::sql::{Row, Statement, Value};

/// A request that nobody else changes before the transaction ends.
pub(crate) struct Held {
    id: RequestId,
    pub(crate) revision: Revision,
    pub(crate) chain: Chain,
    /// The body of its document, where that is of this revision and of our format.
    body: Option<Vec<u8>>,
}

impl Held {
    /// The request. Its document spares the reading of its tables.
    pub(crate) fn request(&mut self, connection: &mut dyn Session) -> Result<Option<Request>, Failure> {
        let document = self.body.take().map(|body| Document { body, acl: Acl::default() });
        match document.and_then(|document| document.request().ok()) {
            Some(request) if request.id == self.id => Ok(Some(request)),
            _ => load_request(connection, self.id),
        }
    }
}

/// The requests among `ids` that exist, held in the order of their ids: whoever holds several waits for no one who
/// waits for them.
pub(crate) fn hold(connection: &mut dyn Session, ids: &[RequestId]) -> Result<HashMap<RequestId, Held>, Failure> {
    let dialect = connection.dialect();
    let text = format!(
        "SELECT r.id, r.revision, r.chain_length, r.chain_head, d.format, d.revision, d.body FROM request r \
         LEFT JOIN request_document d ON d.request_id = r.id \
         WHERE r.id IN (SELECT {} FROM {}) ORDER BY r.id{}",
        dialect.id("held"),
        dialect.list("held"),
        dialect.held("r"),
    );
    let ids = ids.iter().map(|id| id.as_uuid()).collect();
    let rows = Statement::kept(text, vec![Value::Ids(ids)]).rows(connection)?;
    rows.into_iter().map(read).map(|held| held.map(|held| (held.id, held))).collect()
}

fn read(mut row: Row) -> Result<Held, Failure> {
    let id = row.id()?;
    let revision = Revision(row.int()?);
    let chain = Chain { length: row.int()?, head: hash(&mut row)? };
    let of_this = row.maybe_int()? == Some(FORMAT.into());
    let of_this = row.maybe_int()? == Some(revision.0) && of_this;
    Ok(Held { id, revision, chain, body: if of_this { Some(row.blob()?) } else { None } })
}
