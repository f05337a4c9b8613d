//! The files that hold the keys of checkpoints.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use countersign_core::audit::{AuditKey, PublicKey};

use crate::settings::AuditSettings;

/// A signing key is for its owner alone.
const PRIVATE: u32 = 0o600;

/// The key that the settings name, if they do.
pub(crate) fn signing_key(settings: &AuditSettings) -> anyhow::Result<Option<AuditKey>> {
    settings.signing_key.as_deref().map(|file| read(file).with_context(|| place(file))).transpose()
}

fn place(file: &Path) -> String {
    format!("audit.signing_key {}", file.display())
}

fn read(file: &Path) -> anyhow::Result<AuditKey> {
    let mode = std::fs::metadata(file)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("can be read by others: its mode is {mode:o}, and must be 600 or 400");
    }
    Ok(AuditKey::from_pem(&std::fs::read_to_string(file)?)?)
}

/// Makes a key in a file that is not there yet.
pub(crate) fn make_key(file: &Path) -> anyhow::Result<AuditKey> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow!("the system gives no random bytes: {error}"))?;
    let key = AuditKey::from_seed(&seed);
    let text = key.to_pem()?;
    let place = || format!("{} cannot be made", file.display());
    let mut made =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(file).with_context(place)?;
    made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).with_context(place)?;
    Ok(key)
}

/// Reads a key that verifies; of a key that signs, its public half.
pub(crate) fn public_key(file: &Path) -> anyhow::Result<PublicKey> {
    let place = || format!("the key {}", file.display());
    let text = std::fs::read_to_string(file).with_context(place)?;
    let public = PublicKey::from_pem(&text).or_else(|_| AuditKey::from_pem(&text).map(|key| key.public()));
    public.with_context(place)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.pem");
        let key = make_key(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let settings = AuditSettings { signing_key: Some(file.clone()), ..AuditSettings::default() };
        let read = signing_key(&settings).unwrap().unwrap();
        assert_eq!(read.public(), key.public());
        assert_eq!(public_key(&file).unwrap(), key.public());
        let again = format!("{:#}", make_key(&file).unwrap_err());
        assert!(again.contains("audit.pem") && again.contains("exists"), "{again}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let open = format!("{:#}", signing_key(&settings).unwrap_err());
        assert!(open.contains("audit.signing_key") && open.contains("640"), "{open}");
    }

    #[test]
    fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("public.pem");
        std::fs::write(&file, make_key(&folder.path().join("key.pem")).unwrap().public().to_pem().unwrap()).unwrap();
        assert!(public_key(&file).is_ok());
        std::fs::write(&file, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").unwrap();
        assert!(format!("{:#}", public_key(&file).unwrap_err()).contains("public.pem"));
        let missing = AuditSettings { signing_key: Some(folder.path().join("none.pem")), ..AuditSettings::default() };
        assert!(format!("{:#}", signing_key(&missing).unwrap_err()).contains("none.pem"));
    }
}
