//! The database of a test: of the backend that the test's target is for. A target whose name begins with
//! `postgres_` runs the same file on PostgreSQL.

use std::path::PathBuf;
use std::process::Command;

use countersign_test_postgres::Database;
use countersign_xtask::outside;
use countersign_xtask::process::{serve_at, url_of};
use tempfile::TempDir;

use super::binary;

/// An empty database, for one test alone.
pub(crate) enum Store {
    Sqlite(TempDir),
    Postgres(Database),
}

impl Store {
    pub(crate) fn new() -> Self {
        if env!("CARGO_CRATE_NAME").starts_with("postgres_") {
            Self::Postgres(Database::new())
        } else {
            Self::Sqlite(tempfile::tempdir().unwrap())
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(_) => url_of(&self.file()),
            Self::Postgres(database) => database.url(),
        }
    }

    /// The file of a SQLite database.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("countersign.db"),
            Self::Postgres(_) => panic!("this test is for SQLite alone"),
        }
    }

    /// The program on this database.
    pub(crate) fn command(&self) -> Command {
        serve_at(&binary(), &self.url())
    }

    /// Edits the database from outside, in the words of each.
    pub(crate) fn edit(&self, sqlite: &str, postgres: &str) {
        match self {
            Self::Sqlite(_) => outside::edit(&self.file(), sqlite).unwrap(),
            Self::Postgres(database) => database.edit(postgres),
        }
    }

    /// Fails unless what the program stored stands in this database, and the database is what it should be.
    pub(crate) fn assert_in_use(&self) {
        match self {
            Self::Sqlite(_) => assert!(std::fs::read(self.file()).unwrap().starts_with(b"SQLite format 3\0")),
            Self::Postgres(database) => {
                assert!(database.ask("SELECT version()").starts_with("PostgreSQL"));
                assert_ne!(database.ask("SELECT count(*)::TEXT FROM app_user"), "0");
            }
        }
    }
}
