//! Connections: how they are opened, pooled and put into transactions.

use std::time::Duration;

use countersign_core::error::RepositoryError;
use countersign_storage_sql::{Failure, Session};
use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};

use crate::error::translate;
use crate::session::PostgresSession;

/// How to reach a database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// A URL as libpq takes it: `postgres://user:password@host:port/database?sslmode=...`.
    pub url: String,
    /// How many connections there are at most.
    pub connections: u32,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long a call waits for a connection.
    pub connection_timeout: Duration,
}

impl PostgresOptions {
    /// The usual options for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 16,
            statement_timeout: Duration::from_secs(30),
            connection_timeout: Duration::from_secs(10),
        }
    }
}

/// The URL may hold a password.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("connections", &self.connections).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Customizer {
    statement_timeout: Duration,
}

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Customizer {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        let settings = format!(
            "SET statement_timeout = {0}; SET idle_in_transaction_session_timeout = 60000",
            self.statement_timeout.as_millis()
        );
        connection.batch_execute(&settings).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// For the threads that write and load, and for one call besides.
const LEAST: u32 = 4;

pub(crate) type Connections = Pool<ConnectionManager<PgConnection>>;
pub(crate) type Connection = PooledConnection<ConnectionManager<PgConnection>>;

/// A pool that is filled as it is needed, so that a server starts beside a database that does not answer yet.
pub(crate) fn pool(options: &PostgresOptions) -> Connections {
    Pool::builder()
        .max_size(options.connections.max(LEAST))
        .min_idle(Some(0))
        .connection_timeout(options.connection_timeout)
        .test_on_check_out(false)
        .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
        .connection_customizer(Box::new(Customizer { statement_timeout: options.statement_timeout }))
        .build_unchecked(ConnectionManager::new(&options.url))
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One snapshot.
    Snapshot,
    /// Each statement sees what was committed before it; rows are locked as they are written.
    Write,
}

impl Kind {
    const fn begin(self) -> &'static str {
        match self {
            Self::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

/// A connection, as soon as one is free.
pub(crate) fn take(pool: &Connections) -> Result<Connection, RepositoryError> {
    pool.get().map_err(|error| RepositoryError::Unavailable(error.to_string()))
}

/// A connection with a transaction begun. A connection that was lost while it lay idle shows here, where nothing
/// has happened yet: another one is taken.
pub(crate) fn begin(pool: &Connections, kind: Kind) -> Result<Connection, RepositoryError> {
    let mut tries = pool.max_size() + 1;
    loop {
        let mut connection = take(pool)?;
        match AnsiTransactionManager::begin_transaction_sql(&mut *connection, kind.begin()) {
            Ok(()) => return Ok(connection),
            Err(error) => {
                tries -= 1;
                let error = translate(error);
                if tries == 0 || !matches!(error, RepositoryError::Unavailable(_)) {
                    return Err(error);
                }
            }
        }
    }
}

/// Ends the transaction.
pub(crate) fn end(connection: &mut PgConnection, commit: bool) -> QueryResult<()> {
    if commit {
        AnsiTransactionManager::commit_transaction(connection)
    } else {
        AnsiTransactionManager::rollback_transaction(connection)
    }
}

/// Runs `work` in a transaction of that kind.
pub(crate) fn framed<T>(
    pool: &Connections,
    kind: Kind,
    work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<T, RepositoryError> {
    let mut connection = begin(pool, kind)?;
    let mut session = PostgresSession::new(&mut connection);
    let done = work(&mut session).and_then(|value| session.settle().map(|()| value));
    finish(&mut connection, done)
}

/// Commits what was done, or undoes it.
pub(crate) fn finish<T>(connection: &mut PgConnection, done: Result<T, Failure>) -> Result<T, RepositoryError> {
    match done {
        Ok(value) => end(connection, true).map(|()| value).map_err(translate),
        Err(failure) => {
            // A connection that is lost has undone it already.
            let _ = end(connection, false);
            Err(failure.into())
        }
    }
}
