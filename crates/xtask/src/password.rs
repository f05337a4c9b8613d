//! Password hashes for databases that are made without the command line.

use anyhow::anyhow;
use argon2::{Argon2, PasswordHasher};
use countersign_core::directory::PasswordHash;

/// The PHC text of `password`.
pub fn hash(password: &str) -> anyhow::Result<PasswordHash> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| anyhow!("{error}"))?;
    PasswordHash::try_from(hash.to_string()).map_err(|error| anyhow!(error))
}
