//! Random bytes: drawn from the operating system once, then stretched.

use countersign_core::event::Entropy;

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
