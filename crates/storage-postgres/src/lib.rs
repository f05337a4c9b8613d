//! Countersign's storage port on PostgreSQL: the engine under `countersign-storage-sql`.
//!
//! Everything blocks, so everything runs on blocking threads, as many at a time as there are connections.
//! Several servers work on one database: nothing that another server needs is kept here.

mod change;
mod connection;
mod error;
mod loader;
mod migration;
mod pending;
mod session;
mod writer;

use std::sync::Arc;

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Change, CommitOutcome, Identity, Result, StoredRequest};
use countersign_storage_sql::{Engine, Failure, Session, SqlRepository, Statement};
use tokio::sync::Semaphore;

use change::commit_one;
use connection::{Connections, Kind};
use loader::{LOADERS, Loader};
use session::PostgresSession;
use writer::{WRITERS, Writer};

pub use connection::PostgresOptions;
pub use countersign_storage_sql::LEFT_OUT;

/// The port on a PostgreSQL database.
pub type PostgresRepository = SqlRepository<Postgres>;

type Outcome<T> = std::result::Result<T, Failure>;

/// A database with its connections.
#[derive(Clone)]
pub struct Postgres {
    pool: Connections,
    /// As many as there are connections for what is neither written together nor loaded together: who waits for
    /// one does not hold a thread.
    turns: Arc<Semaphore>,
    writer: Writer,
    loader: Loader,
}

/// Makes ready to work on a database, which is connected to when it is needed. Does not migrate.
pub fn open(options: &PostgresOptions) -> Result<PostgresRepository> {
    check_tls(&options.url)?;
    let pool = connection::pool(options);
    let (writer, loader) = (Writer::start(&pool)?, Loader::start(&pool)?);
    let connections = usize::try_from(pool.max_size()).unwrap_or(usize::MAX);
    let turns = Arc::new(Semaphore::new(connections.saturating_sub(WRITERS + LOADERS).max(1)));
    Ok(SqlRepository::new(Postgres { pool, turns, writer, loader }))
}

/// A build without TLS says so, where libpq would only say that it does not know the mode.
fn check_tls(url: &str) -> Result<()> {
    let options = url.split_once('?').map_or("", |(_, options)| options);
    let mode = options.split('&').find_map(|option| option.strip_prefix("sslmode="));
    let wanted = mode.is_some_and(|mode| !matches!(mode, "disable" | "allow" | "prefer"));
    if wanted && !cfg!(feature = "tls") {
        let reason = "sslmode asks for TLS, and this build has none: build with the feature `tls`";
        return Err(RepositoryError::Unavailable(reason.to_owned()));
    }
    Ok(())
}

impl Postgres {
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connections) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| RepositoryError::Internal(error.to_string()))?;
        let pool = self.pool.clone();
        let work = move || {
            let _turn = turn;
            work(&pool)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| RepositoryError::Internal(error.to_string()))?
    }

    async fn framed<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(move |pool| connection::framed(pool, kind, work)).await
    }

    /// Every table and column of the live schema.
    pub async fn columns(&self) -> Result<Vec<(String, String)>> {
        self.blocking(|pool| migration::columns(&mut *connection::take(pool)?)).await
    }
}

impl Engine for Postgres {
    async fn one<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(move |pool| Ok(read(&mut PostgresSession::new(&mut *connection::take(pool)?))?)).await
    }

    async fn few<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.framed(Kind::Snapshot, read).await
    }

    async fn long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.framed(Kind::Snapshot, read).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.framed(Kind::Write, work).await
    }

    async fn bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(move |pool| bulk(pool, work)).await
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        if change.is_of_requests() {
            return self.writer.commit(change).await;
        }
        self.blocking(move |pool| commit_one(pool, &change)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.loader.request(id).await
    }

    async fn identity(&self, login: String, now: Timestamp) -> Result<Option<Identity>> {
        self.loader.identity(login, now).await
    }

    async fn migrate(&self) -> Result<Vec<String>> {
        self.blocking(|pool| migration::migrate(&mut *connection::take(pool)?)).await
    }

    async fn ready(&self) -> Result<()> {
        self.blocking(migration::ready).await
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Keeps other writers out, and checks references at the end. Plans are chosen by statistics; after a bulk
/// load the old ones mislead.
fn bulk<T>(pool: &Connections, work: impl FnOnce(&mut dyn Session) -> Outcome<T>) -> Result<T> {
    let mut connection = connection::begin(pool, Kind::Write)?;
    let mut session = PostgresSession::bulk(&mut connection);
    let done = prepare(&mut session).and_then(|()| work(&mut session));
    let done = done.and_then(|value| session.give_back().and_then(|()| session.settle()).map(|()| value));
    let done = connection::finish(&mut connection, done);
    if done.is_ok() {
        // What was done stands, whether or not this is possible.
        let _ = PostgresSession::new(&mut connection).run(&Statement::new("ANALYZE", Vec::new()));
    }
    done
}

fn prepare(session: &mut dyn Session) -> Outcome<()> {
    for text in [
        "SET LOCAL statement_timeout = 0",
        // Whoever commits holds requests before anything else.
        "LOCK TABLE request IN EXCLUSIVE MODE",
        "LOCK TABLE app_user, app_group IN SHARE ROW EXCLUSIVE MODE",
        "SET CONSTRAINTS ALL DEFERRED",
    ] {
        session.run(&Statement::new(text, Vec::new()))?;
    }
    Ok(())
}
