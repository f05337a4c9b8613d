//! A connection that reads. A read of its own asks for a lock of the file and gives it back, under a mutex that all
//! connections of the process share; for a row by its key that costs more than the row. So a connection stays in the
//! snapshot of its last read for as long as nothing is committed, which each read asks anew ([`Commits`]): what it
//! answers is what a snapshot begun that moment would.
//!
//! A snapshot that is kept keeps the write-ahead log from being begun anew. Nobody therefore stays once the log is as
//! long as SQLite lets it become, nor for long ([`crate::pool`]).

use std::sync::mpsc::SyncSender;

use countersign_storage_sql::{Failure, Session};
use diesel::r2d2::R2D2Connection as _;
use diesel::sqlite::SqliteConnection;

use crate::commits::{Commits, Mark};
use crate::connection;
use crate::session::SqliteSession;

/// A connection that reads.
pub(crate) struct Reader {
    connection: SqliteConnection,
    /// The state of the database at its last read by key.
    last: Option<Mark>,
    /// Whether it is in the snapshot of that state still.
    stays: bool,
    /// Tells that it stays.
    tell: SyncSender<()>,
}

impl Reader {
    pub(crate) const fn new(connection: SqliteConnection, tell: SyncSender<()>) -> Self {
        Self { connection, last: None, stays: false, tell }
    }

    /// A read of few rows by key, of the database as of `now` or later. Each statement is a snapshot of its own.
    pub(crate) fn one<T>(
        &mut self,
        commits: &Commits,
        now: Option<Mark>,
        read: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let again = now.is_some() && now == self.last;
        if !(again && self.stays) {
            self.let_go();
            self.last = now;
            if !again || !now.is_some_and(Mark::has_short_log) {
                return read(&mut SqliteSession(&mut self.connection));
            }
            return self.stay(commits, now, read);
        }
        let result = read(&mut SqliteSession(&mut self.connection));
        if result.is_err() {
            self.let_go();
        }
        result
    }

    /// Begins a snapshot with `read`, and stays in it if it is that of `now`.
    fn stay<T>(
        &mut self,
        commits: &Commits,
        now: Option<Mark>,
        read: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut session = SqliteSession(&mut self.connection);
        connection::run(&mut session, "BEGIN DEFERRED")?;
        self.stays = true;
        let result = read(&mut session);
        if result.is_err() || commits.mark() != now {
            self.let_go();
        } else {
            // Where that was told already, nothing need be told.
            let _ = self.tell.try_send(());
        }
        result
    }

    /// The connection for reads that make a snapshot of their own.
    pub(crate) fn free(&mut self) -> &mut SqliteConnection {
        self.let_go();
        &mut self.connection
    }

    pub(crate) fn is_broken(&mut self) -> bool {
        self.connection.is_broken()
    }

    /// Leaves the snapshot that it stayed in.
    pub(crate) fn let_go(&mut self) {
        if std::mem::take(&mut self.stays) {
            let mut session = SqliteSession(&mut self.connection);
            if connection::run(&mut session, "COMMIT").is_err() {
                // Some errors have ended the transaction already.
                let _ = connection::run(&mut session, "ROLLBACK");
            }
        }
    }
}
