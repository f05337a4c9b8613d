//! Connections: how they are opened and watched.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::error::RepositoryError;
use countersign_storage_sql::{Failure, Session, Statement, damaged};
use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryResult};

use crate::error::translate;
use crate::session::SqliteSession;
use crate::text;

/// The texts of the statements that were prepared, for looking at their plans.
#[derive(Clone, Debug, Default)]
pub struct StatementLog(Arc<Mutex<BTreeSet<String>>>);

impl StatementLog {
    /// Every distinct text so far, sorted.
    pub fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Instrumentation for StatementLog {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
        }
    }
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; made if it is missing.
    pub path: PathBuf,
    /// How many connections read at most.
    pub readers: u32,
    /// How many changes that wait at the same time share one transaction at most.
    pub batch: usize,
    /// Takes down every statement that is prepared.
    pub statements: Option<StatementLog>,
}

impl SqliteOptions {
    /// The usual options for the database at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 8, batch: 64, statements: None }
    }
}

/// What is in the file is mapped, so that a miss in the cache costs no copy.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 1073741824; PRAGMA trusted_schema = OFF;";

/// Settles how a connection works.
pub(crate) fn prepare(connection: &mut SqliteConnection, statements: Option<&StatementLog>) -> QueryResult<()> {
    if let Some(log) = statements {
        connection.set_instrumentation(log.clone());
    }
    connection.batch_execute(PRAGMAS)?;
    text::register(connection)?;
    usual_cache(connection)
}

/// 8 MiB of pages a connection.
pub(crate) fn usual_cache(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("PRAGMA cache_size = -8192")
}

/// Opens one connection.
pub(crate) fn open(options: &SqliteOptions) -> Result<SqliteConnection, RepositoryError> {
    make_private(&options.path)?;
    let mut connection = SqliteConnection::establish(&location(&options.path)?)
        .map_err(|error| RepositoryError::Unavailable(format!("{}: {error}", options.path.display())))?;
    prepare(&mut connection, options.statements.as_ref()).map_err(translate)?;
    Ok(connection)
}

/// Says how the running database keeps what it has promised.
pub(crate) fn tell(connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
    let mut session = SqliteSession(connection);
    let mut first = |text| {
        let row = session.rows(&Statement::new(text, Vec::new()))?.pop();
        row.ok_or_else(|| Failure::from(damaged(format!("{text} says nothing"))))
    };
    let synchronous = first("PRAGMA synchronous")?.int()?;
    let journal_mode = first("PRAGMA journal_mode")?.text()?;
    tracing::debug!(synchronous, %journal_mode, "the writing connection is open");
    Ok(())
}

/// Makes a missing database file, for its owner alone: password hashes stand in it. SQLite gives
/// the files beside it the same mode.
fn make_private(path: &Path) -> Result<(), RepositoryError> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(RepositoryError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

/// The file as SQLite is told of it: a file that went missing is not made anew, for an empty database answers that there
/// is nothing (<https://sqlite.org/uri.html>).
pub(crate) fn location(path: &Path) -> Result<String, RepositoryError> {
    let text = path.to_str().ok_or_else(|| RepositoryError::Unavailable(format!("{} is not UTF-8", path.display())))?;
    let authority = if path.is_absolute() { "//" } else { "" };
    let name = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{authority}{name}?mode=rw"))
}

/// Which file the connections were opened on, whatever stands at its path by now.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    /// Its device and number there.
    identity: (u64, u64),
}

impl DatabaseFile {
    /// The file at `path`, which is open.
    pub(crate) fn at(path: &Path) -> Result<Self, RepositoryError> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }

    /// What is written to a file that was deleted or replaced is lost, though no write fails.
    pub(crate) fn is_in_place(&self) -> Result<(), RepositoryError> {
        let reason = match identity(&self.path) {
            Ok(identity) if identity == self.identity => return Ok(()),
            Ok(_) => "is another file than the one that was opened: start the server anew",
            Err(_) => "is not there any more",
        };
        Err(RepositoryError::Unavailable(format!("{} {reason}", self.path.display())))
    }
}

/// A look at the name alone: to open and close the file would give up SQLite's locks on it.
fn identity(path: &Path) -> Result<(u64, u64), RepositoryError> {
    let metadata = std::fs::metadata(path);
    let metadata = metadata.map_err(|error| RepositoryError::Unavailable(format!("{}: {error}", path.display())))?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Runs `read` in one snapshot.
pub(crate) fn snapshot<T>(
    connection: &mut SqliteConnection,
    read: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<T, RepositoryError> {
    framed(connection, "BEGIN DEFERRED", read)
}

/// Runs `write` as one transaction that holds the write lock from its beginning.
pub(crate) fn write<T>(
    connection: &mut SqliteConnection,
    write: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<T, RepositoryError> {
    framed(connection, "BEGIN IMMEDIATE", write)
}

/// A statement without values and rows.
pub(crate) fn run(session: &mut dyn Session, text: &'static str) -> Result<(), Failure> {
    session.run(&Statement::new(text, Vec::new())).map(|_| ())
}

fn framed<T>(
    connection: &mut SqliteConnection,
    begin: &'static str,
    body: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<T, RepositoryError> {
    let mut session = SqliteSession(connection);
    run(&mut session, begin)?;
    let result = body(&mut session).and_then(|value| {
        run(&mut session, "COMMIT")?;
        Ok(value)
    });
    if result.is_err() {
        // A failed COMMIT leaves the transaction open; some errors have ended it already.
        let _ = run(&mut session, "ROLLBACK");
    }
    result.map_err(RepositoryError::from)
}
