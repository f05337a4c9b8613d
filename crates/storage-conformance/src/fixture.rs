//! What an adapter offers to the cases besides the port.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{Derived, Repository};
use uuid::Uuid;

/// A column of the live schema with everything that stands in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The values that are not null, as text in any form that tells them apart, sorted.
    pub values: Vec<String>,
}

/// A column that an export leaves out, and why that loses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The table.
    pub table: &'static str,
    /// The column; `*` is every column of the table.
    pub column: &'static str,
    /// The reason, in words.
    pub reason: &'static str,
}

/// An edit that no program of ours makes, of one request and its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tampering {
    /// Another position of event 2, after all others.
    EventPosition,
    /// Event 2 in a stream of another kind.
    EventKind,
    /// Event 2 in the stream of another request, which does not exist.
    EventStream,
    /// Another sequence number of event 2, far beyond the end.
    EventSequence,
    /// Another time of event 2.
    EventTime,
    /// Another format of event 2.
    EventFormat,
    /// Another byte in the bytes of event 2.
    EventBytes,
    /// Another hash of event 2.
    EventHash,
    /// Another text among the sealed values of event 1.
    EventSealed,
    /// Event 2 removed.
    DeleteEvent,
    /// Events 2 and 3 in each other's place.
    SwapEvents,
    /// The last event once more, behind it.
    AppendEvent,
    /// The last event removed, and length and head of the chain rewritten to fit.
    CutTail,
    /// Another status in the request's row, one that holds together.
    Status,
    /// The request made one that cannot be read: where it is a row, by a status that does not exist.
    Unreadable,
    /// A yes that becomes a no.
    Vote,
    /// Something that belongs to nothing: where votes are rows, another one, on a task that does not exist.
    Stray,
    /// The document alone.
    Document,
    /// A row of the access index removed.
    AccessRow,
    /// A row of the task index removed.
    TaskRow,
    /// The request, everything that belongs to it and its history removed; the events after it
    /// moved up, so that no gap shows.
    RemoveRequest,
    /// Another time in checkpoint 1.
    CheckpointTime,
    /// Another length in a leaf of checkpoint 1.
    CheckpointLeaf,
    /// A checkpoint removed, with its leaves.
    RemoveCheckpoint(i64),
}

/// A database of one case.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The database: migrated, empty, of this fixture alone.
    fn repository(&self) -> Arc<dyn Repository>;

    /// A second handle on the same database, as another process would have it.
    async fn second(&self) -> Arc<dyn Repository>;

    /// Another database: migrated and empty.
    async fn another(&self) -> Box<dyn Fixture>;

    /// Another database, on which no migration was run.
    async fn bare(&self) -> Arc<dyn Repository>;

    /// Makes what is derived from the tables differ from them, for one request, or for one user where
    /// it is derived for users. The tables stay as they are.
    async fn plant(&self, derived: Derived, id: Uuid);

    /// Edits a request and its history.
    async fn tamper(&self, tampering: Tampering, request: RequestId);

    /// Where [`Tampering::Stray`] puts something: the table that an audit names.
    fn stray(&self) -> &'static str;

    /// Takes `user` out of `from` and puts them into `to`, as a directory synchronisation would.
    async fn move_member(&self, user: UserId, from: GroupId, to: GroupId);

    /// Every column of every table of the live schema, with its values.
    async fn contents(&self) -> Vec<Column>;

    /// The columns that an export leaves out, each with its reason.
    fn left_out(&self) -> &'static [LeftOut];
}
