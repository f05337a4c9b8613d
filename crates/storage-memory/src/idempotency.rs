//! Promises that a call which is sent again has one effect.

use std::collections::BTreeMap;

use countersign_core::clock::Timestamp;
use countersign_core::ids::UserId;
use countersign_core::repository::Idempotency;

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

/// What was done under each key.
pub(crate) type Promises = BTreeMap<PromiseKey, Promise>;

/// What `caller` did before with that key.
pub(crate) fn earlier(
    promises: &Promises,
    caller: UserId,
    operation: &str,
    key: &str,
    element: i32,
) -> Option<([u8; 32], Vec<u8>)> {
    let promise = promises.get(&(caller, operation.to_owned(), key.to_owned(), element))?;
    Some((promise.command, promise.result.clone()))
}

pub(crate) fn remember(promises: &mut Promises, key: &Idempotency) {
    let promise = Promise { command: key.command, result: key.result.clone(), at: key.at };
    promises.insert((key.caller, key.operation.clone(), key.key.clone(), key.element), promise);
}

/// Forgets the keys that are older than `before`; returns how many.
pub(crate) fn forget(promises: &mut Promises, before: Timestamp) -> u64 {
    let held = promises.len();
    promises.retain(|_, promise| promise.at >= before);
    (held - promises.len()) as u64
}
