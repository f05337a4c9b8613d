//! Throw-away PostgreSQL databases for tests.
//!
//! The first test of a process starts a server of its own, which ends with the process: its programs are looked
//! for in the PATH and in Debian's versioned folders. `TEST_DATABASE_URL` names a server that is used instead.
//! Where there is neither, the test fails. An [`Instance`], which can be stopped, frozen and filled, and a
//! [`Cluster`], a primary with its standby, are always of the test's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step fails the test")]

mod cluster;
mod disk;
mod instance;
mod pooler;
mod secured;
mod server;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};

pub use cluster::{Cluster, End};
pub use disk::Disk;
pub use instance::{Hold, Instance, Origin};
pub use pooler::{Pooler, PoolerProgram, Sharing};
pub use secured::Secured;
pub use server::Place;
use server::Server;

static SERVER: OnceLock<Server> = OnceLock::new();
/// Where the server's data is, if somebody has said it.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

/// Keeps the data of this process's server on the disk: it is too large for memory. Before the first database.
pub fn keep_on_disk() {
    FOLDER.get_or_init(std::env::temp_dir);
}

/// A database of one test, empty; it is gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// Makes an empty database.
    #[must_use]
    pub fn new() -> Self {
        let name = format!("countersign_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { name };
        // The locale of the template is the machine's, and nothing may depend on it.
        administer(&format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", database.name));
        database
    }

    /// The text that a query answers with.
    #[must_use]
    pub fn ask(&self, query: &str) -> String {
        answer(&mut self.connection(), query)
    }

    /// The same, for a query that may fail: what it asks about may not be there.
    #[must_use]
    pub fn try_ask(&self, query: &str) -> Option<String> {
        let found = diesel::sql_query(format!("SELECT ({query})::TEXT AS answer")).get_result(&mut self.connection());
        found.ok().map(|found: Answer| found.answer)
    }

    /// Where its server takes connections, and the URL of this database for whoever comes by a proxy on that port.
    #[must_use]
    pub fn behind(&self, port: u16) -> (Place, String) {
        SERVER.get_or_init(Server::start).behind(port, &self.name)
    }

    /// Runs statements.
    pub fn edit(&self, statements: &str) {
        self.connection().batch_execute(statements).expect(statements);
    }

    fn connection(&self) -> PgConnection {
        PgConnection::establish(&self.url()).expect("the test server takes connections")
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        SERVER.get_or_init(Server::start).url(&self.name)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The text that a query answers with.
fn answer(connection: &mut PgConnection, query: &str) -> String {
    let found: Answer =
        diesel::sql_query(format!("SELECT ({query})::TEXT AS answer")).get_result(connection).expect(query);
    found.answer
}

fn administer(statement: &str) {
    let url = SERVER.get_or_init(Server::start).url("postgres");
    let mut connection = PgConnection::establish(&url).expect("the test server takes connections");
    connection.batch_execute(statement).expect(statement);
}
