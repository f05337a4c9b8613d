//! Passwords: argon2id with the parameters that the `argon2` crate recommends.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use countersign_core::directory::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use super::kept_memory::KeptMemory;

/// The longest password, in bytes: a hash of a longer one costs the server more than the client.
const LONGEST: usize = 1024;

/// The hash that a password for nobody is verified against, so that an unknown login takes as
/// long as a known one. Its parameters are the defaults; no password is known for it.
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Q291bnRlcnNpZ25Ob2JvZA$IfIHFG3x3TfGf7wJ5yfNfIQ9oCwiuNu9XHWxYHbHcxo";

/// Why a password cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is empty, too long, or could not be sent in an HTTP header.
    #[error("a password has 1 to 1024 bytes and no control character")]
    Unfit,
    /// It could not be hashed.
    #[error("the password cannot be hashed")]
    Hash,
}

/// Hashes a password. Slow on purpose: not for a thread that answers calls.
pub fn hash_password(password: &SecretString) -> Result<PasswordHash, PasswordError> {
    let password = password.expose_secret();
    if !fits(password) || password.chars().any(char::is_control) {
        return Err(PasswordError::Unfit);
    }
    let hash: argon2::PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordError::Hash)?;
    PasswordHash::try_from(hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// Whether `password` is the one that was hashed. As slow as [`hash_password`].
pub fn verify_password(password: &SecretString, hash: &PasswordHash) -> bool {
    matches(password, hash.expose())
}

/// Whether `password` is the one that was hashed to the PHC text `hash`.
pub(super) fn matches(password: &SecretString, hash: &str) -> bool {
    let Ok(hash) = argon2::PasswordHash::new(hash) else { return false };
    KeptMemory.verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
}

/// Whether a password is worth a hash.
pub(super) fn fits(password: &str) -> bool {
    (1..=LONGEST).contains(&password.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let hash = hash_password(&"demo".into()).unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password(&"demo".into(), &hash));
        assert!(!verify_password(&"Demo".into(), &hash));
        assert_ne!(hash, hash_password(&"demo".into()).unwrap());
    }

    #[test]
    fn hashes_of_other_kinds_and_sizes_are_verified_one_after_the_other() {
        let hashed = |algorithm, memory, length| {
            let params = argon2::Params::new(memory, 1, 1, Some(length)).unwrap();
            let hasher = Argon2::new(algorithm, argon2::Version::V0x13, params);
            let hash: argon2::PasswordHash = hasher.hash_password(b"demo").unwrap();
            hash.to_string()
        };
        for hash in [
            hashed(argon2::Algorithm::Argon2id, 32_768, 32),
            hashed(argon2::Algorithm::Argon2d, 64, 16),
            hashed(argon2::Algorithm::Argon2i, 19_456, 64),
        ] {
            assert!(matches(&"demo".into(), &hash), "{hash}");
            assert!(!matches(&"Demo".into(), &hash), "{hash}");
            assert!(!matches(&"demo".into(), &hash.replace("m=", "n=")), "{hash}");
        }
    }

    #[test]
    fn an_unfit_password_is_refused() {
        for password in [String::new(), "x".repeat(1025), "a\nb".to_owned()] {
            assert_eq!(hash_password(&password.into()), Err(PasswordError::Unfit));
        }
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_any_other() {
        let nobody = argon2::PasswordHash::new(NOBODY).unwrap();
        let hash = hash_password(&"demo".into()).unwrap();
        let other = argon2::PasswordHash::new(hash.expose()).unwrap();
        assert_eq!(nobody.params, other.params);
        assert_eq!(nobody.hash.unwrap().len(), other.hash.unwrap().len());
        assert_eq!(nobody.salt.unwrap().len(), other.salt.unwrap().len());
    }
}
