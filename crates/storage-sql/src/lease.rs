//! Leases: which process does the work of a name.

use countersign_core::clock::Timestamp;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

/// Takes, or keeps, the lease until `until`; `false` while another holder has it at `now`.
pub(crate) fn take(
    connection: &mut dyn Session,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Failure> {
    let taken = sql!(
        "INSERT INTO lease (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE \
         SET holder = excluded.holder, until = excluded.until WHERE lease.holder = excluded.holder OR lease.until <= ?",
        name,
        holder,
        until,
        now
    )
    .run(connection)?;
    Ok(taken > 0)
}
