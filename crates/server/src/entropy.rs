//! Random bytes: drawn from the operating system once, then stretched.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::clock::Timestamp;
use countersign_core::event::Entropy;
use countersign_core::service::Randomness;
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

/// Salts and keys for as long as the process lives. One draw from the operating system seeds a
/// BLAKE3 output stream, which cannot fail and costs no system call per salt.
pub struct OsEntropy(blake3::OutputReader);

impl OsEntropy {
    /// Draws the seed.
    pub fn new() -> std::io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let mut hasher = blake3::Hasher::new_derive_key("countersign 2026-11 entropy");
        hasher.update(&seed);
        Ok(Self(hasher.finalize_xof()))
    }

    /// A key that nobody else knows.
    pub fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill(&mut key);
        key
    }
}

impl Entropy for OsEntropy {
    fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// The randomness of a running server: ids of version 7 that grow within a millisecond too.
pub struct OsRandomness {
    ids: Mutex<ContextV7>,
    entropy: Arc<Mutex<OsEntropy>>,
}

impl OsRandomness {
    /// Draws the seed.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { ids: Mutex::new(ContextV7::new()), entropy: Arc::new(Mutex::new(OsEntropy::new()?)) })
    }
}

impl Randomness for OsRandomness {
    fn id(&self, now: Timestamp) -> Uuid {
        let micros = now.as_micros().max(0).cast_unsigned();
        let (seconds, nanos) = (micros / 1_000_000, u32::try_from(micros % 1_000_000).unwrap_or(0) * 1000);
        let context = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(UuidTime::from_unix(&*context, seconds, nanos))
    }

    fn entropy(&self) -> Box<dyn Entropy> {
        Box::new(Shared(Arc::clone(&self.entropy)))
    }
}

/// One stream of random bytes for everybody.
struct Shared(Arc<Mutex<OsEntropy>>);

impl Entropy for Shared {
    fn bytes(&mut self) -> [u8; 16] {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_twice() {
        let (mut one, mut two) = (OsEntropy::new().unwrap(), OsEntropy::new().unwrap());
        let drawn = [one.bytes(), one.bytes(), two.bytes(), two.bytes()];
        let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
        assert_ne!(one.key(), two.key());
    }
}
