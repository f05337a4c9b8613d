//! Countersign's storage port on embedded SQLite.
//!
//! Readers come from a pool; one thread owns the writing connection (`writer.rs`).
//! Reads by primary key run where they are called, for they take microseconds; everything whose
//! length depends on the data runs on a blocking thread.

mod catalog;
mod check;
mod commit;
mod connection;
mod derived;
mod directory;
mod error;
mod event;
mod export;
mod import;
mod list;
mod migration;
mod number;
mod profile;
mod request;
mod sql;
mod template;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::directory::{Login, MimRight, PrincipalName, User};
use countersign_core::error::RepositoryError;
use countersign_core::event::{StoredEvent, StreamId};
use countersign_core::ids::{PrincipalId, ProfileId, RequestId, RequestNumber, TemplateId, UserId};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::repository::{
    Change, CheckReport, CommitOutcome, ExportError, ExportOptions, Identity, ImportContext, NumberSpace, Page,
    Progress, RecordSink, Repository, RequestCursor, RequestList, Result, StoredRequest,
};
use countersign_core::request::ChildSummary;
use countersign_core::template::{CertificateOperation, ProfileTemplate};
use diesel::connection::SimpleConnection;
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

    /// Every table and column of the live schema.
    pub async fn columns(&self) -> Result<Vec<(String, String)>> {
        self.scan(migration::columns).await?
    }
}

#[async_trait]
impl Repository for SqliteRepository {
    async fn migrate(&self) -> Result<Vec<String>> {
        self.writer.exclusive(migration::migrate).await?
    }

    async fn ready(&self) -> Result<()> {
        // A deleted file can be written to as long as it is open: nobody would miss it.
        if !self.path.exists() {
            return Err(RepositoryError::Unavailable(format!("{} is not there any more", self.path.display())));
        }
        self.writer.exclusive(migration::ready).await?
    }

    async fn identity(&self, login: &str) -> Result<Option<Identity>> {
        self.inline(|connection| directory::identity(connection, login))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.inline(|connection| directory::load_user(connection, id))
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>> {
        self.inline(|connection| match directory::user_id_by_login(connection, login)? {
            Some(id) => directory::load_user(connection, id),
            None => Ok(None),
        })
    }

    async fn principal_names(&self, ids: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>> {
        self.inline(|connection| directory::principal_names(connection, ids))
    }

    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>> {
        self.statement(|connection| directory::rights_over(connection, holders, subject))
    }

    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>> {
        self.inline(|connection| {
            let mut templates = Vec::with_capacity(ids.len());
            for id in ids {
                templates.extend(template::load_template(connection, *id)?);
            }
            Ok(templates)
        })
    }

    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        self.statement(|connection| profile::load_profile(connection, id))
    }

    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>> {
        self.scan(move |connection| {
            connection::snapshot(connection, |connection| profile::profiles_of(connection, user, status))
        })
        .await?
    }

    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>> {
        self.inline(|connection| profile::open_operations(connection, profiles))
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.statement(|connection| derived::by_id(connection, id))
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        self.statement(|connection| derived::by_number(connection, number.get()))
    }

    async fn children(&self, parent: RequestId) -> Result<Vec<ChildSummary>> {
        self.scan(move |connection| request::children(connection, parent)).await?.map_err(RepositoryError::from)
    }

    async fn requests(
        &self,
        list: &RequestList,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>> {
        let list = list.clone();
        self.scan(move |connection| {
            connection::snapshot(connection, |connection| list::page(connection, &list, after, limit))
        })
        .await?
    }

    async fn events(&self, stream: StreamId, after: i64, limit: usize) -> Result<Vec<StoredEvent>> {
        let read = move |connection: &mut SqliteConnection| event::of_stream(connection, stream, after, limit);
        self.scan(read).await?.map_err(RepositoryError::from)
    }

    async fn allocate_numbers(&self, space: NumberSpace, count: u32) -> Result<i64> {
        let work = move |connection: &mut SqliteConnection| number::allocate(connection, space, count);
        Ok(self.writer.exclusive(work).await??)
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        self.writer.commit(change).await
    }

    async fn import(
        &self,
        mut source: Box<dyn RecordSource>,
        mut context: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError> {
        self.writer.exclusive(move |connection| import::run(connection, &mut *source, &mut context)).await?
    }

    async fn export(
        &self,
        options: ExportOptions,
        mut sink: Box<dyn RecordSink>,
        progress: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
        self.scan(move |connection| {
            export::run(connection, options, &mut *sink, &progress)?;
            Ok(sink)
        })
        .await?
    }

    /// Moves what stands in the write-ahead log into the database file.
    async fn close(&self) -> Result<()> {
        let work = |connection: &mut SqliteConnection| {
            connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(error::translate)
        };
        self.writer.exclusive(work).await?
    }

    async fn check(&self, repair: bool, progress: Arc<dyn Progress>) -> Result<CheckReport> {
        if repair {
            let work = move |connection: &mut SqliteConnection| {
                connection::write(connection, |connection| check::run(connection, true, &progress))
            };
            return self.writer.exclusive(work).await?;
        }
        let read = move |connection: &mut SqliteConnection| {
            connection::snapshot(connection, |connection| check::run(connection, false, &progress))
        };
        self.scan(read).await?
    }
}
