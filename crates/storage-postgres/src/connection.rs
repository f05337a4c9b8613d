//! Connections: how they are opened, pooled and put into transactions.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::error::RepositoryError;
use countersign_storage_sql::{Dialect, Failure, Row, Session, Statement};
use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, HandleError, Pool, PooledConnection, R2D2Connection};

use crate::error::translate;
use crate::session::PostgresSession;
use crate::url;

/// How long the log is silent after it has said why there is no connection.
const SILENCE: Duration = Duration::from_secs(10);

/// How to reach a database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// A URL as libpq takes it: `postgres://user:password@host:port/database?sslmode=...`.
    pub url: String,
    /// The URL of a copy of the database that may lag behind, from which lists may be read.
    pub replica_url: Option<String>,
    /// How many connections there are at most, to each.
    pub connections: u32,
    /// How many changes that wait at the same time share one transaction at most, and how many reads by key one
    /// statement. With 1 each has its own, on a connection of its own.
    pub batch: usize,
    /// How long a statement may take, and the work of a call.
    pub statement_timeout: Duration,
    /// How long a call waits for a connection.
    pub connection_timeout: Duration,
}

impl PostgresOptions {
    /// The usual options for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            replica_url: None,
            connections: 16,
            batch: 64,
            statement_timeout: Duration::from_secs(10),
            connection_timeout: Duration::from_secs(5),
        }
    }
}

/// The URL may hold a password.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// For the threads that write and load, and for one call besides.
const LEAST: u32 = 4;

/// Says why there is no connection, now and then: whoever waits for one may have given up before the pool does, and
/// the pool tries again and again.
#[derive(Debug, Default)]
struct Log(Mutex<Option<Instant>>);

impl HandleError<diesel::r2d2::Error> for Log {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= SILENCE) {
            *said = Some(Instant::now());
            tracing::warn!(error = %error.to_string().trim_end(), "no connection to the database");
        }
    }
}

pub(crate) type Connection = PooledConnection<ConnectionManager<PgConnection>>;

/// A pool of connections. A clone shares them with its original.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<ConnectionManager<PgConnection>>,
    /// What stands behind each BEGIN. Nothing is set for a session: behind a pooler the next transaction may be
    /// another session's.
    limits: String,
}

impl Connections {
    /// How many connections there are at most.
    pub(crate) fn max_size(&self) -> u32 {
        self.pool.max_size()
    }
}

/// A pool that is filled as it is needed, so that a server starts beside a database that does not answer yet.
/// Whether a connection still works shows when it is used: asking before would cost every call a round trip.
pub(crate) fn pool(url: &str, options: &PostgresOptions) -> Connections {
    let pool = Pool::builder()
        .max_size(options.connections.max(LEAST))
        .min_idle(Some(0))
        .connection_timeout(options.connection_timeout)
        .test_on_check_out(false)
        .error_handler(Box::new(Log::default()))
        .build_unchecked(ConnectionManager::new(url::with_limits(url, options.connection_timeout)));
    // Statements are short: to compile one takes longer than to run it.
    let limits = format!(
        "; SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = 60000; SET LOCAL jit = off",
        options.statement_timeout.as_millis()
    );
    Connections { pool, limits }
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
    pool.pool.get().map_err(|error| RepositoryError::Unavailable(error.to_string().trim_end().to_owned()))
}

/// How many connections may have been lost while they lay idle.
fn tries(pool: &Connections) -> u32 {
    pool.max_size() + 1
}

/// A connection with a transaction begun. A connection that was lost while it lay idle shows here, where nothing
/// has happened yet: another one is taken.
pub(crate) fn begin(pool: &Connections, kind: Kind) -> Result<Connection, RepositoryError> {
    let begin = format!("{}{}", kind.begin(), pool.limits);
    let mut tries = tries(pool);
    loop {
        let mut connection = take(pool)?;
        match AnsiTransactionManager::begin_transaction_sql(&mut *connection, &begin) {
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

/// Reads by single statements, without a transaction. A connection that was lost is exchanged for another one: what
/// reads can be done twice.
pub(crate) struct Alone<'a> {
    pool: &'a Connections,
    held: Option<Connection>,
    tries: u32,
}

impl<'a> Alone<'a> {
    pub(crate) fn new(pool: &'a Connections) -> Self {
        Self { pool, held: None, tries: tries(pool) }
    }

    fn take(&mut self) -> Result<Connection, RepositoryError> {
        self.held.take().map_or_else(|| take(self.pool), Ok)
    }
}

impl Session for Alone<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, statement: &Statement) -> Result<usize, Failure> {
        let mut connection = self.take()?;
        PostgresSession::new(&mut connection).run(statement)
    }

    fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        loop {
            let mut connection = self.take()?;
            let found = PostgresSession::new(&mut connection).rows(statement);
            let lost = found.is_err() && connection.is_broken();
            if !lost {
                self.held = Some(connection);
            } else if self.tries > 1 {
                self.tries -= 1;
                continue;
            }
            return found;
        }
    }
}
