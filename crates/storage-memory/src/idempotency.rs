//! Promises that a call which is sent again has one effect.

use countersign_core::clock::Timestamp;
use countersign_core::ids::UserId;
use countersign_core::repository::Idempotency;

use crate::tables::Tables;

/// Who promised what: caller, operation, key, element.
pub type PromiseKey = (UserId, String, String, i32);

/// What was done under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// SHA-256 of the command.
    pub command: [u8; 32],
    /// Its result.
    pub result: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// What `caller` did before with that key.
pub(crate) fn earlier(
    tables: &Tables,
    caller: UserId,
    operation: &str,
    key: &str,
    element: i32,
) -> Option<([u8; 32], Vec<u8>)> {
    let promise = tables.idempotency.get(&(caller, operation.to_owned(), key.to_owned(), element))?;
    Some((promise.command, promise.result.clone()))
}

pub(crate) fn remember(tables: &mut Tables, key: &Idempotency) {
    let promise = Promise { command: key.command, result: key.result.clone(), at: key.at };
    tables.idempotency.insert((key.caller, key.operation.clone(), key.key.clone(), key.element), promise);
}

/// Forgets the keys that are older than `before`; returns how many.
pub(crate) fn forget(tables: &mut Tables, before: Timestamp) -> u64 {
    let held = tables.idempotency.len();
    tables.idempotency.retain(|_, promise| promise.at >= before);
    (held - tables.idempotency.len()) as u64
}
