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
mod replica;
mod session;
mod statement;
mod turns;
mod url;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::ids::{RequestId, RequestNumber, UserId};
use countersign_core::repository::{Change, CommitOutcome, Result, StoredRequest};
use countersign_core::request::RequestKey;
use countersign_storage_sql::{AsOf, Engine, Failure, Recognised, Session, SqlRepository, Statement, point};

use change::commit_one;
use connection::{Alone, Connections, Kind};
use loader::{LOADERS, Loader};
use replica::Replica;
use session::PostgresSession;
use turns::{Pace, Turns};
use writer::{WRITERS, Writer};

pub use connection::PostgresOptions;
pub use countersign_storage_sql::LEFT_OUT;

/// How much longer a call waits than a statement may take: one that the server ends at its limit is told apart from a
/// server that does not answer.
const GRACE: Duration = Duration::from_secs(1);

/// The port on a PostgreSQL database.
pub type PostgresRepository = SqlRepository<Postgres>;

type Outcome<T> = std::result::Result<T, Failure>;

/// A database with its connections.
#[derive(Clone)]
pub struct Postgres {
    pool: Connections,
    /// As many as there are connections for what is neither written together nor loaded together: who waits for
    /// one does not hold a thread.
    turns: Turns,
    /// What waits is written and loaded together, unless each is to be alone.
    together: Option<(Writer, Loader)>,
    replica: Option<Replica>,
}

/// Makes ready to work on a database, which is connected to when it is needed. Does not migrate.
pub fn open(options: &PostgresOptions) -> Result<PostgresRepository> {
    url::check_tls(&options.url)?;
    options.replica_url.as_deref().map_or(Ok(()), url::check_tls)?;
    let pool = connection::pool(&options.url, options);
    let (wait, work) = (options.connection_timeout, options.statement_timeout + GRACE);
    let connections = usize::try_from(pool.max_size()).unwrap_or(usize::MAX);
    let (together, taken) = if options.batch > 1 {
        let writer = Writer::start(&pool, Pace::new(WRITERS, wait + work), options.batch)?;
        let loader = Loader::start(&pool, Pace::new(LOADERS, wait + work), options.batch)?;
        (Some((writer, loader)), WRITERS + LOADERS)
    } else {
        (None, 0)
    };
    let turns = Turns::new(connections.saturating_sub(taken).max(1), wait, work);
    Ok(SqlRepository::new(Postgres { pool, turns, together, replica: Replica::of(options) }))
}

impl Postgres {
    /// For a call that is answered in bounded time.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connections) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.pool.clone();
        self.turns.answer(move || work(&pool)).await
    }

    /// For work that takes as long as it takes.
    async fn lengthy<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connections) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.pool.clone();
        self.turns.finish(move || work(&pool)).await
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
        self.blocking(move |pool| Ok(read(&mut Alone::new(pool))?)).await
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

    async fn whole<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Session) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let read = |session: &mut dyn Session| {
            no_limit(session)?;
            read(session)
        };
        self.lengthy(move |pool| connection::framed(pool, Kind::Snapshot, read)).await
    }

    async fn list<T: Send + 'static>(
        &self,
        reader: Option<UserId>,
        read: impl Fn(&mut dyn Session) -> Outcome<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let read = Arc::new(read);
        if let (Some(replica), Some(reader)) = (&self.replica, reader) {
            let position = self.one(move |session| replica::last_write(session, reader)).await?;
            let there = Arc::clone(&read);
            if let Some(found) = replica.read(position, move |session| there(session)).await {
                tracing::debug!("a list was read from the replica");
                return found;
            }
            tracing::debug!(position, "a list was read from the database");
        }
        self.long(move |session| read(session)).await
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
        self.lengthy(move |pool| bulk(pool, work)).await
    }

    async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        match &self.together {
            Some((writer, _)) if change.is_of_requests() => writer.commit(change).await,
            _ => self.blocking(move |pool| commit_one(pool, &change)).await,
        }
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        match &self.together {
            Some((_, loader)) => loader.request(RequestKey::Id(id)).await.map(|(_, found)| found),
            None => self.one(move |session| point::request(session, id)).await,
        }
    }

    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>> {
        match &self.together {
            Some((_, loader)) => loader.request(RequestKey::Number(number)).await.map(|(_, found)| found),
            None => self.one(move |session| point::request_by_number(session, number)).await,
        }
    }

    async fn request_as_of(&self, key: RequestKey) -> Result<AsOf> {
        match (&self.together, key) {
            (Some((_, loader)), key) => loader.request(key).await,
            (None, RequestKey::Id(id)) => Ok((None, self.request(id).await?)),
            (None, RequestKey::Number(number)) => Ok((None, self.request_by_number(number).await?)),
        }
    }

    async fn identity(&self, login: String, now: Timestamp, version: Option<DirectoryVersion>) -> Result<Recognised> {
        match &self.together {
            Some((_, loader)) => loader.identity(login, now, version).await,
            None => self.one(move |session| point::identity(session, login, now, version)).await,
        }
    }

    async fn migrate(&self) -> Result<Vec<String>> {
        self.lengthy(|pool| migration::migrate(&mut *connection::take(pool)?)).await
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

/// For a transaction that no call waits for.
fn no_limit(session: &mut dyn Session) -> Outcome<()> {
    session.run(&Statement::new("SET LOCAL statement_timeout = 0", Vec::new())).map(|_| ())
}

fn prepare(session: &mut dyn Session) -> Outcome<()> {
    no_limit(session)?;
    for text in [
        // Whoever commits holds requests before anything else.
        "LOCK TABLE request IN EXCLUSIVE MODE",
        "LOCK TABLE app_user, app_group IN SHARE ROW EXCLUSIVE MODE",
        "SET CONSTRAINTS ALL DEFERRED",
    ] {
        session.run(&Statement::new(text, Vec::new()))?;
    }
    Ok(())
}
