//! A database file as somebody has it who edits it beside the program.

use std::path::Path;

use anyhow::Context as _;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

/// One text of a row.
#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = Text)]
    value: String,
}

fn connect(database: &Path) -> anyhow::Result<SqliteConnection> {
    let path = database.to_str().context("a UTF-8 path")?;
    let mut connection = SqliteConnection::establish(path)?;
    // As the usual command line of SQLite has it.
    connection.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = OFF")?;
    Ok(connection)
}

/// Runs statements.
pub fn edit(database: &Path, sql: &str) -> anyhow::Result<()> {
    connect(database)?.batch_execute(sql).with_context(|| sql.to_owned())
}

/// Holds the lock of the one who writes, until it is dropped.
#[allow(missing_debug_implementations, reason = "a connection has none")]
pub struct Lock(#[allow(dead_code, reason = "dropped with the lock")] SqliteConnection);

/// Takes the lock of the one who writes.
pub fn lock(database: &Path) -> anyhow::Result<Lock> {
    let mut connection = connect(database)?;
    connection.batch_execute("BEGIN IMMEDIATE")?;
    Ok(Lock(connection))
}

/// The text that a query finds as its column `value`.
pub fn ask(database: &Path, sql: &str) -> anyhow::Result<String> {
    let rows: Vec<One> = diesel::sql_query(sql).load(&mut connect(database)?)?;
    let row = rows.into_iter().next().with_context(|| format!("{sql} finds nothing"))?;
    Ok(row.value)
}
