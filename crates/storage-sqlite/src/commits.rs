//! Whether anything was committed since: what every connection and process on the database file shares, the index of its
//! write-ahead log, begins with a header that each commit writes anew (<https://sqlite.org/walformat.html>, "The WAL-Index
//! Header"). Reading it takes one system call and no lock, where even the smallest statement takes two, each under a lock
//! that all connections of the process share.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// How long the header is, in bytes.
const HEADER: usize = 48;
/// The version of the format, in the machine's own order of bytes.
const VERSION: [u8; 4] = 3_007_000_u32.to_ne_bytes();
/// Where the header says whether it is filled.
const FILLED: usize = 12;
/// Where it says how many pages the write-ahead log has that are valid.
const LENGTH: std::ops::Range<usize> = 16..20;
/// From so many pages on SQLite moves what stands in the log into the database, and wants to begin it anew
/// (<https://sqlite.org/pragma.html#pragma_wal_autocheckpoint>).
const LONG: u32 = 1000;

/// The state of a database file as of one commit. Equal marks: nothing was committed in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark([u8; HEADER]);

impl Mark {
    /// Whether the write-ahead log has fewer pages than SQLite lets it have.
    pub(crate) fn has_short_log(self) -> bool {
        self.0[LENGTH].try_into().is_ok_and(|length| u32::from_ne_bytes(length) < LONG)
    }
}

/// The header of a database file.
#[derive(Debug)]
pub(crate) struct Commits {
    /// Never closed: a process that closes any descriptor of a file gives up all of its locks on it, SQLite's among them.
    index: Option<&'static File>,
}

impl Commits {
    /// Of the database at `path`, on which a connection has read before and stays. Where there is no such file nothing is
    /// known of commits, and everybody asks the database.
    pub(crate) fn of(path: &Path) -> Self {
        let mut index = OsString::from(path);
        index.push("-shm");
        Self { index: File::open(index).ok().map(|file| &*Box::leak(Box::new(file))) }
    }

    /// The present state; `None` where that cannot be told, as in the moment of a commit.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let mut bytes = [0; 2 * HEADER];
        self.index?.read_exact_at(&mut bytes, 0).ok()?;
        // It stands there twice, and is written one after the other.
        let (first, second) = bytes.split_at(HEADER);
        let whole = first == second && first.starts_with(&VERSION) && first[FILLED] == 1;
        whole.then(|| first.try_into().ok().map(Mark)).flatten()
    }
}

/// What the database says of one thing, as of a commit.
#[derive(Debug)]
pub(crate) struct AsOfCommit<T> {
    commits: Commits,
    value: RwLock<Option<(Mark, T)>>,
}

impl<T: Copy> AsOfCommit<T> {
    pub(crate) const fn new(commits: Commits) -> Self {
        Self { commits, value: RwLock::new(None) }
    }

    /// The commits that are looked at.
    pub(crate) const fn commits(&self) -> &Commits {
        &self.commits
    }

    /// The present state, and what the database says if that is known of it.
    pub(crate) fn look(&self) -> (Option<Mark>, Option<T>) {
        let Some(mark) = self.commits.mark() else { return (None, None) };
        let known = *self.value.read().unwrap_or_else(PoisonError::into_inner);
        (Some(mark), known.filter(|(as_of, _)| *as_of == mark).map(|(_, value)| value))
    }

    /// Notes what was read after `before` was looked at. If something was committed in between, that state never comes
    /// again, and what is noted of it is never used.
    pub(crate) fn note(&self, before: Option<Mark>, value: T) {
        if let Some(mark) = before {
            *self.value.write().unwrap_or_else(PoisonError::into_inner) = Some((mark, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::connection::{self, SqliteOptions};

    #[test]
    fn every_commit_makes_another_mark_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("a.db"));
        let mut writer = connection::open(&options).unwrap();
        let mut other = connection::open(&options).unwrap();
        let commits = Commits::of(&options.path);
        let mut last = commits.mark().unwrap();
        let mut step = |connection: &mut diesel::SqliteConnection, text: &str, changes: bool| {
            connection.batch_execute(text).unwrap();
            let mark = commits.mark().unwrap();
            assert_eq!(mark != last, changes, "{text}");
            last = mark;
        };
        step(&mut writer, "CREATE TABLE t (n INTEGER)", true);
        step(&mut other, "SELECT n FROM t", false);
        step(&mut writer, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", false);
        step(&mut writer, "ROLLBACK", false);
        step(&mut other, "INSERT INTO t VALUES (1)", true);
        step(&mut writer, "BEGIN IMMEDIATE; UPDATE t SET n = n + 1", false);
        step(&mut writer, "COMMIT", true);
        step(&mut writer, "PRAGMA wal_checkpoint(RESTART)", false);
        for _ in 0..3 {
            step(&mut writer, "UPDATE t SET n = n + 1", true);
        }
    }

    #[test]
    fn a_number_is_known_until_something_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("a.db"));
        let mut writer = connection::open(&options).unwrap();
        writer.batch_execute("SELECT count(*) FROM sqlite_schema").unwrap();
        let known = AsOfCommit::new(Commits::of(&options.path));
        let (before, value) = known.look();
        assert_eq!((before.is_some(), value), (true, None));
        known.note(before, 7);
        assert_eq!(known.look(), (before, Some(7)));
        writer.batch_execute("CREATE TABLE t (n INTEGER)").unwrap();
        let (after, value) = known.look();
        assert_eq!((after != before, value), (true, None));
        // What was read in between may be old or new: nobody knows.
        known.note(before, 8);
        assert_eq!(known.look(), (after, None));
    }

    #[test]
    fn without_the_file_nothing_is_known() {
        let known = AsOfCommit::new(Commits::of(Path::new("/nonexistent/a.db")));
        known.note(None, 7);
        assert_eq!(known.look(), (None, None));
    }
}
