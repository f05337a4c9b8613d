//! Which of the tables an aggregate stands in. [`Aggregate`] does not say it: tables are made of aggregates, so what
//! an aggregate is must not depend on which tables there are.

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tables::Tables;

/// An aggregate that has its own table among [`Tables`].
pub trait Tabled: Aggregate {
    /// Its table.
    fn table(tables: &Tables) -> &Table<Self>;

    /// Its table, for a write.
    fn table_mut(tables: &mut Tables) -> &mut Table<Self>;
}
