//! Whether the store takes writes.

use crate::tables::Tables;

/// Writes and reads the counter that is there for it.
pub(crate) const fn ready(tables: &mut Tables) {
    tables.readiness += 1;
}
