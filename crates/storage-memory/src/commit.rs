//! One [`Change`]: everything is looked at before anything is written, so that a change which is refused has
//! changed nothing.

mod arrival;
mod landing;

use countersign_core::error::RepositoryError;
use countersign_core::repository::{Change, CommitOutcome, Result};

use crate::idempotency;
use crate::tables::Tables;
use landing::Landing;

/// Lands a change, or says why not.
pub(crate) fn apply(tables: &mut Tables, change: &Change) -> Result<CommitOutcome> {
    if let Some(defect) = change.defect() {
        return Err(RepositoryError::Internal(defect.to_owned()));
    }
    if let Some(key) = &change.idempotency
        && let Some((command, result)) =
            idempotency::earlier(&tables.idempotency, key.caller, &key.operation, &key.key, key.element)
    {
        return Ok(CommitOutcome::Duplicate { command, result });
    }
    let Some(landing) = Landing::of(tables, change)? else { return Ok(CommitOutcome::Conflict) };
    landing.write(tables);
    Ok(CommitOutcome::Committed)
}
