//! The one migration: it lays out empty tables.

use countersign_core::error::RepositoryError;

use crate::tables::Tables;

/// Its name, that of the first migration of every backend.
const INITIAL: &str = "00000000000001_initial";

/// Lays out the tables unless they are there, and names the migration that was run.
pub(crate) fn run(tables: &mut Option<Tables>) -> Vec<String> {
    if tables.is_some() {
        return Vec::new();
    }
    *tables = Some(Tables::default());
    vec![INITIAL.to_owned()]
}

/// What whoever finds no tables is told.
pub(crate) fn missing() -> RepositoryError {
    RepositoryError::MigrationMissing { missing: INITIAL.to_owned() }
}
