//! Leases: who does the work of a name.

use std::collections::BTreeMap;

use countersign_core::clock::Timestamp;
use uuid::Uuid;

/// Who has a name, until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub holder: Uuid,
    /// Until when.
    pub until: Timestamp,
}

/// Takes, or keeps, the lease until `until`; `false` while another holder has it at `now`.
pub(crate) fn take(
    leases: &mut BTreeMap<String, Lease>,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> bool {
    let taken = leases.get(name).is_some_and(|lease| lease.holder != holder && lease.until > now);
    if !taken {
        leases.insert(name.to_owned(), Lease { holder, until });
    }
    !taken
}
