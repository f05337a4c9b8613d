//! Migrations and readiness.

use countersign_core::error::RepositoryError;
use countersign_storage_sql::{Session, Statement};
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection;
use crate::session::SqliteSession;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> RepositoryError {
    RepositoryError::Internal(format!("a migration failed: {error}"))
}

pub(crate) fn migrate(connection: &mut SqliteConnection) -> Result<Vec<String>, RepositoryError> {
    let missing = missing(connection)?;
    let mut run = Vec::with_capacity(missing.len());
    for migration in missing {
        connection.run_migration(&migration).map_err(|error| failed(&*error))?;
        run.push(migration.name().to_string());
    }
    Ok(run)
}

fn missing(connection: &mut SqliteConnection) -> Result<Vec<Box<dyn Migration<Sqlite>>>, RepositoryError> {
    connection.pending_migrations(MIGRATIONS).map_err(|error| failed(&*error))
}

/// Succeeds when no migration is missing and a row can be written and read.
pub(crate) fn ready(connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
    let known: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().map_err(|error| failed(&*error))?;
    let applied = applied(connection)?;
    if let Some(migration) = known.iter().find(|known| !applied.contains(&known.name().version().as_owned())) {
        return Err(RepositoryError::MigrationMissing { missing: migration.name().to_string() });
    }
    connection::write(connection, countersign_storage_sql::ready)
}

fn applied(connection: &mut SqliteConnection) -> Result<Vec<MigrationVersion<'static>>, RepositoryError> {
    connection.applied_migrations().map_err(|error| failed(&*error))
}

/// Every column of the live schema but those of SQLite itself.
pub(crate) fn columns(connection: &mut SqliteConnection) -> Result<Vec<(String, String)>, RepositoryError> {
    let text = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY m.name, c.cid";
    let rows = SqliteSession(connection).rows(&Statement::new(text, Vec::new()))?;
    rows.into_iter().map(|mut row| Ok((row.text()?, row.text()?))).collect()
}
