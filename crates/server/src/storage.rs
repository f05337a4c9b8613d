//! Opens the storage adapter that the settings name.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use countersign_core::repository::Repository;
use countersign_storage_sqlite::{SqliteOptions, SqliteRepository};

use crate::settings::{StorageSettings, StorageUrl};

/// Opens the database of `settings`, making its folder and file when they are not there.
pub fn open(settings: &StorageSettings) -> anyhow::Result<Arc<dyn Repository>> {
    let StorageUrl::Sqlite(path) =
        StorageUrl::parse(&settings.url).map_err(|reason| anyhow!("storage.url: {reason}"))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let place = || format!("the folder {} cannot be made", folder.display());
        std::fs::create_dir_all(folder).with_context(place)?;
    }
    let mut options = SqliteOptions::new(&path);
    options.readers = settings.readers;
    let place = || format!("the database {} cannot be opened", path.display());
    Ok(Arc::new(SqliteRepository::open(&options).with_context(place)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_url(url: String) -> anyhow::Result<Arc<dyn Repository>> {
        open(&StorageSettings { url, ..StorageSettings::default() })
    }

    #[test]
    fn the_folder_of_the_database_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/countersign.db");
        open_url(format!("sqlite://{}", path.display())).unwrap();
        assert!(path.parent().unwrap().is_dir());
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = open_url(format!("sqlite://{}/a.db", file.display())).err().unwrap();
        assert!(format!("{error:#}").contains("file"), "{error:#}");
        let error = open_url("mysql://db".to_owned()).err().unwrap();
        assert!(format!("{error:#}").contains("storage.url"), "{error:#}");
    }
}
