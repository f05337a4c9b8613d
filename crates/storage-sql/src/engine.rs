//! What an adapter gives: connections, transactions and the way in which changes wait for one another.

use std::future::Future;

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::ids::{RequestId, RequestNumber, UserId};
use countersign_core::repository::{Change, CommitOutcome, Result, StoredRequest};
use countersign_core::request::RequestKey;

use crate::error::Failure;
use crate::identity::Recognised;
use crate::point;
use crate::remembered::Remembered;
use crate::session::Session;

/// A request, if there is one, and as of which version of the directory it was read, if that is known.
pub type AsOf = (Option<DirectoryVersion>, Option<StoredRequest>);

/// A database, with its ways of reading and writing.
pub trait Engine: Send + Sync + 'static {
    /// A read of one statement by key, which is its own snapshot.
    fn one<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// A read of a few rows by key, in one snapshot.
    fn few<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// A read whose length depends on the data, in one snapshot.
    fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// A read of everything there is, in one snapshot, however long it takes.
    fn whole<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        self.long(read)
    }

    /// Like [`Engine::long`]. With a reader it may be done on a copy of the database that lags behind, if that holds
    /// whatever this user has written.
    fn list<T: Send + 'static>(
        &self,
        _reader: Option<UserId>,
        read: impl Fn(&mut dyn Session) -> std::result::Result<T, Failure> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        self.long(read)
    }

    /// A write that no change describes, as one transaction.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// A write of any size, as one transaction that nothing else runs beside; references are checked
    /// at its end.
    fn bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// The request by that id. Such reads may wait for one another.
    fn request(&self, id: RequestId) -> impl Future<Output = Result<Option<StoredRequest>>> + Send {
        self.one(move |connection| point::request(connection, id))
    }

    /// The request with that number. Such reads may wait for one another, likewise.
    fn request_by_number(&self, number: RequestNumber) -> impl Future<Output = Result<Option<StoredRequest>>> + Send {
        self.one(move |connection| point::request_by_number(connection, number))
    }

    /// The request by `key`, and the version of the directory in the same snapshot where that comes for nothing.
    fn request_as_of(&self, key: RequestKey) -> impl Future<Output = Result<AsOf>> + Send {
        async move {
            let found = match key {
                RequestKey::Id(id) => self.request(id).await?,
                RequestKey::Number(number) => self.request_by_number(number).await?,
            };
            Ok((None, found))
        }
    }

    /// Who logs in as `login`, which is without regard to case, unless that is remembered as of `version` and the
    /// directory still has it. Such reads may wait for one another.
    fn identity(
        &self,
        login: String,
        now: Timestamp,
        version: Option<DirectoryVersion>,
    ) -> impl Future<Output = Result<Recognised>> + Send {
        self.one(move |connection| point::identity(connection, login, now, version))
    }

    /// Commits a change: [`crate::commit::apply`] in a transaction, or between savepoints of one.
    fn commit(&self, change: Change) -> impl Future<Output = Result<CommitOutcome>> + Send;

    /// Runs the migrations that are missing; their names.
    fn migrate(&self) -> impl Future<Output = Result<Vec<String>>> + Send;

    /// Succeeds when no migration is missing and a row can be written and read.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send;

    /// Brings everything to rest before the process ends.
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
}

/// The port over an engine.
#[derive(Clone, Debug)]
pub struct SqlRepository<E>(pub(crate) E, pub(crate) Remembered);

impl<E: Engine> SqlRepository<E> {
    /// The port over `engine`.
    pub fn new(engine: E) -> Self {
        Self(engine, Remembered::new())
    }

    /// The engine.
    pub const fn engine(&self) -> &E {
        &self.0
    }
}
