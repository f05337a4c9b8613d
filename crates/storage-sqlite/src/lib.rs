//! Countersign's storage port on embedded SQLite: the engine under `countersign-storage-sql`.
//!
//! Readers come from a pool; one thread owns the writing connection (`writer.rs`).
//! Reads by primary key run where they are called, for they take microseconds; everything whose
//! length depends on the data runs on a blocking thread.

mod commits;
mod connection;
mod error;
mod migration;
mod pool;
mod reader;
mod session;
mod statement;
mod text;
mod writer;

use std::sync::Arc;

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::error::RepositoryError;
use countersign_core::repository::{Change, CommitOutcome, Result};
use countersign_core::request::RequestKey;
use countersign_storage_sql::{AsOf, Engine, Failure, Recognised, Session, SqlRepository, Statement, point};
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use tokio::sync::Semaphore;

use commits::{AsOfCommit, Commits, Mark};
use connection::DatabaseFile;
use pool::Readers;
use writer::Writer;

pub use connection::{SqliteOptions, StatementLog};
pub use countersign_storage_sql::LEFT_OUT;

/// The port on a database file.
pub type SqliteRepository = SqlRepository<Sqlite>;

type Outcome<T> = std::result::Result<T, Failure>;

/// A database file with its readers and its writer.
#[derive(Clone)]
pub struct Sqlite {
    file: DatabaseFile,
    readers: Readers,
    /// Keeps connections free for reads by key while lists are being read.
    scans: Arc<Semaphore>,
    writer: Writer,
    /// The version of the directory.
    directory: Arc<AsOfCommit<DirectoryVersion>>,
}

/// Opens the database, making an empty one if there is none. Does not migrate.
pub fn open(options: &SqliteOptions) -> Result<SqliteRepository> {
    let writer = Writer::start(options)?;
    let readers = Readers::open(options)?;
    let scans = usize::try_from(options.readers.max(2) / 2).unwrap_or(1);
    let scans = Arc::new(Semaphore::new(scans));
    let directory = Arc::new(AsOfCommit::new(Commits::of(&options.path)));
    let engine = Sqlite { file: DatabaseFile::at(&options.path)?, readers, scans, writer, directory };
    Ok(SqlRepository::new(engine))
}

impl Sqlite {
    /// A read by key, of the database as of `now` or later.
    fn as_of<T>(&self, now: Option<Mark>, read: impl FnOnce(&mut dyn Session) -> Outcome<T>) -> Result<T> {
        Ok(self.readers.with(|reader| reader.one(self.directory.commits(), now, read))??)
    }

    /// A read whose length depends on the data, on a blocking thread.
    async fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut SqliteConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.scans).acquire_owned().await;
        let permit = permit.map_err(|error| RepositoryError::Internal(error.to_string()))?;
        let this = self.clone();
        let work = move || {
            let _permit = permit;
            this.readers.with(|reader| read(reader.free()))?
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| RepositoryError::Internal(error.to_string()))?
    }

    /// Every table and column of the live schema.
    pub async fn columns(&self) -> Result<Vec<(String, String)>> {
        self.scan(migration::columns).await
    }
}

impl Engine for Sqlite {
    /// Where it is called: it takes microseconds.
    async fn one<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.as_of(self.directory.commits().mark(), read)
    }

    async fn few<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.with(|reader| connection::snapshot(reader.free(), read))?
    }

    async fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.scan(move |connection| connection::snapshot(connection, read)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.brief(move |connection| connection::write(connection, work)).await
    }

    async fn bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.exclusive(move |connection| bulk(connection, work)).await?
    }

    async fn request_as_of(&self, key: RequestKey) -> Result<AsOf> {
        let (mark, version) = self.directory.look();
        let found = self.as_of(mark, |session| match key {
            RequestKey::Id(id) => point::request(session, id),
            RequestKey::Number(number) => point::request_by_number(session, number),
        })?;
        Ok((version, found))
    }

    /// Nothing is asked as long as nothing is committed.
    async fn identity(&self, login: String, now: Timestamp, version: Option<DirectoryVersion>) -> Result<Recognised> {
        let (mark, known) = self.directory.look();
        if version.is_some() && version == known {
            return Ok(Recognised::AsRemembered);
        }
        let recognised = self.as_of(mark, move |session| point::identity(session, login, now, version))?;
        let found = match &recognised {
            Recognised::AsRemembered => version,
            Recognised::Anew(caller) => caller.as_ref().map(|known| known.version()),
        };
        if let Some(version) = found {
            self.directory.note(mark, version);
        }
        Ok(recognised)
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        self.writer.commit(change).await
    }

    async fn migrate(&self) -> Result<Vec<String>> {
        self.writer.exclusive(migration::migrate).await?
    }

    async fn ready(&self) -> Result<()> {
        self.file.is_in_place()?;
        self.writer.brief(migration::ready).await
    }

    /// Moves what stands in the write-ahead log into the database file.
    async fn close(&self) -> Result<()> {
        let work = |connection: &mut SqliteConnection| {
            connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(error::translate)
        };
        // It waits for whoever reads what is not moved yet.
        self.readers.leave();
        self.writer.exclusive(work).await?
    }
}

/// One large transaction: with the usual cache, pages would be written out again and again.
fn bulk<T>(connection: &mut SqliteConnection, work: impl FnOnce(&mut dyn Session) -> Outcome<T>) -> Result<T> {
    connection.batch_execute("PRAGMA cache_size = -131072").map_err(error::translate)?;
    let done = connection::write(connection, |session| {
        session.run(&Statement::new("PRAGMA defer_foreign_keys = ON", Vec::new()))?;
        work(session)
    });
    // The work has landed or not: what follows only tidies up, and may fail. Plans are chosen by statistics;
    // after a bulk load the old ones mislead.
    let _ = connection::usual_cache(connection);
    if done.is_ok() {
        let _ = connection.batch_execute("PRAGMA optimize = 0x10002");
    }
    done
}
