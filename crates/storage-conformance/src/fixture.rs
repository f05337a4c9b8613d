//! What an adapter offers to the cases besides the port.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::ids::{GroupId, RequestId, UserId};
use countersign_core::repository::{Derived, Repository};

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

    /// Makes what is derived from the tables differ from them, for one request. The tables stay as they are.
    async fn plant(&self, derived: Derived, request: RequestId);

    /// Takes `user` out of `from` and puts them into `to`, as a directory synchronisation would.
    async fn move_member(&self, user: UserId, from: GroupId, to: GroupId);

    /// Every column of every table of the live schema, with its values.
    async fn contents(&self) -> Vec<Column>;

    /// The columns that an export leaves out, each with its reason.
    fn left_out(&self) -> &'static [LeftOut];
}
