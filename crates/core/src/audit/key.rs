//! The key that signs checkpoints, and those that verify them: Ed25519, in the PEM files that
//! other programs write and read too (PKCS #8, and SubjectPublicKeyInfo for the public half).

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::event::Hash;

/// A text that is no key of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no Ed25519 key in PEM form")]
pub struct UnreadableKey;

/// A key that signs checkpoints. Whoever has it can make the past look as they like.
pub struct AuditKey(SigningKey);

impl AuditKey {
    /// The key that 32 random bytes make.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a private key.
    pub fn from_pem(text: &str) -> Result<Self, UnreadableKey> {
        SigningKey::from_pkcs8_pem(text.trim()).map(Self).map_err(|_| UnreadableKey)
    }

    /// The key as PEM. The public half is left out: many programs read the older form alone.
    pub fn to_pem(&self) -> Result<String, UnreadableKey> {
        let bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).map(|text| text.to_string()).map_err(|_| UnreadableKey)
    }

    /// The half that verifies.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({})", self.public().id())
    }
}

/// A key that verifies checkpoints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a public key.
    pub fn from_pem(text: &str) -> Result<Self, UnreadableKey> {
        VerifyingKey::from_public_key_pem(text.trim()).map(Self).map_err(|_| UnreadableKey)
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> Result<String, UnreadableKey> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| UnreadableKey)
    }

    /// What tells it from other keys: SHA-256 over its 32 bytes.
    pub fn id(&self) -> Hash {
        Hash(Sha256::digest(self.0.as_bytes()).into())
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// An Ed25519 signature; 128 lower-case hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = crate::event::from_hex(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| de::Error::custom("must be 128 lower-case hex digits"))
    }
}
