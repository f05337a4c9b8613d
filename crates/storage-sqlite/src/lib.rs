//! Countersign's storage port on embedded SQLite (`repository.rs`).
//!
//! Readers come from a pool; one thread owns the writing connection (`writer.rs`).
//! Reads by primary key run where they are called, for they take microseconds; everything whose
//! length depends on the data runs on a blocking thread.

mod aggregate;
mod approval_rule;
mod audit;
mod catalog;
mod check;
mod checkpoint;
mod child_count;
mod commit;
mod connection;
mod deadline;
mod derived;
mod directory;
mod due;
mod error;
mod event;
mod export;
mod feed;
mod filter;
mod grant;
mod group;
mod idempotency;
mod import;
mod inbox;
mod lease;
mod list;
mod merge;
mod migration;
mod narrow;
mod number;
mod profile;
mod repository;
mod request;
mod request_rule;
mod run;
mod sieve;
mod smartcard;
mod sql;
mod template;
mod text;
mod user;
mod webhook;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;
use diesel::sqlite::SqliteConnection;
use tokio::sync::Semaphore;

use connection::ReaderPool;
use error::Failure;
use writer::Writer;

pub use connection::{SqliteOptions, StatementLog};
pub use export::LEFT_OUT;

/// A database file with its readers and its writer.
#[derive(Clone)]
pub struct SqliteRepository {
    path: PathBuf,
    readers: ReaderPool,
    /// Keeps connections free for reads by key while lists are being read.
    scans: Arc<Semaphore>,
    writer: Writer,
}

impl SqliteRepository {
    /// Opens the database, making an empty one if there is none. Does not migrate.
    pub fn open(options: &SqliteOptions) -> Result<Self> {
        let writer = Writer::start(options)?;
        let readers = connection::pool(options)?;
        let scans = usize::try_from(options.readers.max(2) / 2).unwrap_or(1);
        Ok(Self { path: options.path.clone(), readers, scans: Arc::new(Semaphore::new(scans)), writer })
    }

    /// A read of a few rows by key, in one snapshot, where it is called.
    fn inline<T>(&self, read: impl FnOnce(&mut SqliteConnection) -> std::result::Result<T, Failure>) -> Result<T> {
        let mut connection = self.reader()?;
        connection::snapshot(&mut connection, read)
    }

    /// A read of one statement, which is its own snapshot.
    fn statement<T>(&self, read: impl FnOnce(&mut SqliteConnection) -> std::result::Result<T, Failure>) -> Result<T> {
        let mut connection = self.reader()?;
        Ok(read(&mut connection)?)
    }

    fn reader(&self) -> Result<diesel::r2d2::PooledConnection<diesel::r2d2::ConnectionManager<SqliteConnection>>> {
        self.readers.get().map_err(|error| RepositoryError::Unavailable(error.to_string()))
    }

    /// A read whose length depends on the data, on a blocking thread.
    async fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut SqliteConnection) -> T + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.scans).acquire_owned().await;
        let permit = permit.map_err(|error| RepositoryError::Internal(error.to_string()))?;
        let this = self.clone();
        let work = move || {
            let _permit = permit;
            Ok(read(&mut *this.reader()?))
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| RepositoryError::Internal(error.to_string()))?
    }

    /// A longer read of several statements, in one snapshot.
    async fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut SqliteConnection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.scan(move |connection| connection::snapshot(connection, read)).await?
    }

    /// A write that no change describes, as one transaction.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.writer.exclusive(move |connection| connection::write(connection, work)).await?
    }

    /// Every table and column of the live schema.
    pub async fn columns(&self) -> Result<Vec<(String, String)>> {
        self.scan(migration::columns).await?
    }
}
