//! Opens the storage adapter that the settings name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use countersign_core::repository::Repository;
use countersign_storage_postgres::{PostgresOptions, PostgresRepository};
use countersign_storage_sqlite::{SqliteOptions, SqliteRepository};

use crate::settings::{StorageSettings, StorageUrl, redact};

/// An opened database, of the one kind or the other.
#[derive(Clone)]
pub enum Database {
    /// A file.
    Sqlite(SqliteRepository),
    /// On a server of its own.
    Postgres(Box<PostgresRepository>),
}

impl Database {
    /// The port on it.
    pub fn repository(self) -> Arc<dyn Repository> {
        match self {
            Self::Sqlite(repository) => Arc::new(repository),
            Self::Postgres(repository) => Arc::new(*repository),
        }
    }
}

/// Opens the database of `settings`, which must be there.
pub fn open(settings: &StorageSettings) -> anyhow::Result<Arc<dyn Repository>> {
    Ok(open_database(settings)?.repository())
}

/// Opens the database of `settings`; of SQLite, making its folder and file when they are not there.
pub fn create(settings: &StorageSettings) -> anyhow::Result<Arc<dyn Repository>> {
    Ok(create_database(settings)?.repository())
}

/// As [`open`], for whoever needs more than the port.
pub fn open_database(settings: &StorageSettings) -> anyhow::Result<Database> {
    match url(settings)? {
        StorageUrl::Sqlite(path) if !path.exists() => {
            bail!("there is no database at {}: run `countersign migrate`, or mend storage.url", path.display())
        }
        StorageUrl::Sqlite(path) => sqlite(settings, &path),
        StorageUrl::Postgres(url) => postgres(settings, url),
    }
}

/// As [`create`], for whoever needs more than the port.
pub fn create_database(settings: &StorageSettings) -> anyhow::Result<Database> {
    match url(settings)? {
        StorageUrl::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                let place = || format!("the folder {} cannot be made", folder.display());
                std::fs::create_dir_all(folder).with_context(place)?;
            }
            sqlite(settings, &path)
        }
        StorageUrl::Postgres(url) => postgres(settings, url),
    }
}

fn url(settings: &StorageSettings) -> anyhow::Result<StorageUrl> {
    StorageUrl::parse(&settings.url).map_err(|reason| anyhow!("storage.url: {reason}"))
}

fn sqlite(settings: &StorageSettings, path: &Path) -> anyhow::Result<Database> {
    let mut options = SqliteOptions::new(path);
    options.readers = settings.readers;
    options.batch = settings.batch;
    let place = || format!("the database {} cannot be opened", path.display());
    Ok(Database::Sqlite(countersign_storage_sqlite::open(&options).with_context(place)?))
}

fn postgres(settings: &StorageSettings, url: String) -> anyhow::Result<Database> {
    let mut options = PostgresOptions::new(url);
    options.connections = settings.connections;
    options.batch = settings.batch;
    options.replica_url.clone_from(&settings.replica_url);
    options.statement_timeout = Duration::from_secs(settings.statement_seconds.into());
    options.connection_timeout = Duration::from_secs(settings.acquire_seconds.into());
    let place = || format!("the database {} cannot be used", redact(&options.url));
    let repository = countersign_storage_postgres::open(&options).with_context(place)?;
    Ok(Database::Postgres(Box::new(repository)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_url(url: String) -> anyhow::Result<Arc<dyn Repository>> {
        create(&StorageSettings { url, ..StorageSettings::default() })
    }

    #[test]
    fn a_mistyped_path_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/typo.db", folder.path().display());
        let error = open(&StorageSettings { url, ..StorageSettings::default() }).err().unwrap();
        assert!(error.to_string().contains("typo.db"), "{error}");
        assert!(!folder.path().join("typo.db").exists());
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
