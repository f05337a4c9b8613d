//! The pool of the connections that read, and the thread that sees to it that none stays in a snapshot for long.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::Duration;

use countersign_core::error::RepositoryError;
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, ManageConnection, Pool, PooledConnection};
use diesel::sqlite::SqliteConnection;

use crate::connection::{self, SqliteOptions};
use crate::reader::Reader;

/// After so long every connection leaves the snapshot that it stayed in.
const REST: Duration = Duration::from_millis(200);

type Shared = Arc<Mutex<Reader>>;
/// The connections that there are, and some that were closed.
type All = Arc<Mutex<Vec<Weak<Mutex<Reader>>>>>;

/// Opens the connections and knows those that there are.
pub(crate) struct Manager {
    connections: ConnectionManager<SqliteConnection>,
    options: SqliteOptions,
    all: All,
    leave: SyncSender<()>,
}

impl ManageConnection for Manager {
    type Connection = Shared;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Shared, Self::Error> {
        let mut connection = self.connections.connect()?;
        connection::prepare(&mut connection, self.options.statements.as_ref())
            .and_then(|()| connection.batch_execute("PRAGMA query_only = ON;"))
            .map_err(diesel::r2d2::Error::QueryError)?;
        let reader = Arc::new(Mutex::new(Reader::new(connection, self.leave.clone())));
        let mut readers = held(&self.all);
        readers.retain(|other| other.strong_count() > 0);
        readers.push(Arc::downgrade(&reader));
        Ok(reader)
    }

    fn is_valid(&self, reader: &mut Shared) -> Result<(), Self::Error> {
        self.connections.is_valid(held(reader).free())
    }

    fn has_broken(&self, reader: &mut Shared) -> bool {
        held(reader).is_broken()
    }
}

/// A pool of connections that only read.
#[derive(Clone)]
pub(crate) struct Readers {
    pool: Pool<Manager>,
    all: All,
}

impl Readers {
    pub(crate) fn open(options: &SqliteOptions) -> Result<Self, RepositoryError> {
        let (leave, left) = sync_channel(1);
        let all = All::default();
        let known = Arc::clone(&all);
        let connections = ConnectionManager::new(connection::location(&options.path)?);
        let manager = Manager { connections, options: options.clone(), all: Arc::clone(&all), leave };
        thread::Builder::new()
            .name("sqlite-readers".to_owned())
            .spawn(move || send_home(&left, &known))
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        let pool = Pool::builder()
            .max_size(options.readers.max(2))
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(10))
            .test_on_check_out(false)
            .build(manager)
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        Ok(Self { pool, all })
    }

    /// Runs `read` with a connection that nobody else uses meanwhile.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut Reader) -> T) -> Result<T, RepositoryError> {
        let reader: PooledConnection<Manager> =
            self.pool.get().map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        let mut reader = held(&reader);
        Ok(read(&mut reader))
    }

    /// Makes every connection that is not in use leave its snapshot.
    pub(crate) fn leave(&self) {
        all_home(&self.all);
    }
}

/// Makes every connection leave its snapshot, each time after somebody has begun to stay in one, until the last reader
/// is closed.
fn send_home(left: &Receiver<()>, all: &All) {
    while left.recv().is_ok() {
        loop {
            thread::sleep(REST);
            if all_home(all) {
                break;
            }
        }
    }
}

fn all_home(all: &All) -> bool {
    let readers: Vec<_> = held(all).iter().filter_map(Weak::upgrade).collect();
    readers.iter().filter(|reader| !is_home(reader)).count() == 0
}

/// Whether `reader` is in no snapshot any more. One that is in use now is asked again.
fn is_home(reader: &Mutex<Reader>) -> bool {
    match reader.try_lock() {
        Ok(mut reader) => reader.let_go(),
        Err(TryLockError::Poisoned(reader)) => reader.into_inner().let_go(),
        Err(TryLockError::WouldBlock) => return false,
    }
    true
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
