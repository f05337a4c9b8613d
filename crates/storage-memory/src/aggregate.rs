//! Aggregates: what changes under a revision and has a stream of events.

use countersign_core::bundle::Key;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::repository::{NumberSpace, Revised};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::link::Link;

/// An aggregate, with what a table must know of it.
pub trait Aggregate: Revised + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What its events belong to.
    const STREAM: StreamKind;

    /// Its id.
    fn id(&self) -> Uuid;

    /// The keys that it is alone in having.
    fn claims(&self) -> Vec<Key>;

    /// The keys of what must be there because it names it.
    fn references(&self) -> Vec<Key> {
        Vec::new()
    }

    /// By what it is found besides its keys.
    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    /// Its number, with the space that the number is from.
    fn number(&self) -> Option<(NumberSpace, i64)> {
        None
    }

    /// The stream of its events.
    fn stream(&self) -> StreamId {
        StreamId { stream: Self::STREAM, id: self.id() }
    }
}
