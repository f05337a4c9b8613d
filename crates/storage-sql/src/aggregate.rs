//! Aggregates: what changes under a revision and has a stream of events.

use countersign_core::event::{StreamId, StreamKind};
use countersign_core::ids::Revision;
use countersign_core::repository::Revised;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::Session;

/// An aggregate in its tables.
pub(crate) trait Aggregate: Revised + Sized {
    /// What its events belong to.
    const STREAM: StreamKind;

    /// Its id.
    fn key(&self) -> Uuid;

    /// Its number, with the space that the number is from.
    fn number(&self) -> Option<(i64, i64)> {
        None
    }

    /// Takes the id of a new one, before others in the same change refer to it.
    fn claim(&self, _connection: &mut dyn Session) -> Result<(), Failure> {
        Ok(())
    }

    /// Reads it.
    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure>;

    /// Writes the rows of a new one.
    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure>;

    /// Writes it over the rows at `expected`; `false` if it is not at that revision.
    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure>;

    /// The stream of its events.
    fn stream(&self) -> StreamId {
        StreamId { stream: Self::STREAM, id: self.key() }
    }
}
