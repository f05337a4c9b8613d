//! Migrations and readiness.

use countersign_core::error::RepositoryError;
use countersign_storage_sql::{Session, Statement};
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::{Pg, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::{self, Connections, Kind};
use crate::session::PostgresSession;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn failed(error: &Failed) -> RepositoryError {
    let text = error.to_string();
    if text.contains("server") || text.contains("connection") {
        return RepositoryError::Unavailable(text);
    }
    RepositoryError::Internal(format!("a migration failed: {text}"))
}

/// Runs what is missing; the names. Of several servers that do it at once, one does each migration: the others
/// fail at what it has made, and find it done when they look again.
pub(crate) fn migrate(connection: &mut PgConnection) -> Result<Vec<String>, RepositoryError> {
    let mut run = Vec::new();
    let mut tries = 0;
    loop {
        let missing = connection.pending_migrations(MIGRATIONS).map_err(|error| failed(&error))?;
        let Some(migration) = missing.first() else { return Ok(run) };
        match connection.run_migration(migration) {
            Ok(_) => run.push(migration.name().to_string()),
            Err(error) if tries == 20 => return Err(failed(&error)),
            Err(_) => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(250));
            }
        }
    }
}

/// Succeeds when no migration is missing and a row can be written and read.
pub(crate) fn ready(pool: &Connections) -> Result<(), RepositoryError> {
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().map_err(|error| failed(&error))?;
    let applied = connection::framed(pool, Kind::Snapshot, |session| {
        let text = "SELECT version FROM __diesel_schema_migrations";
        session.rows(&Statement::new(text, Vec::new()))?.into_iter().map(|mut row| Ok(row.text()?)).collect()
    });
    let applied: Vec<String> = match applied {
        Err(RepositoryError::MigrationMissing { .. }) => Vec::new(),
        applied => applied?,
    };
    let is_applied = |version: &MigrationVersion<'_>| applied.iter().any(|known| *known == version.to_string());
    if let Some(migration) = known.iter().find(|known| !is_applied(&known.name().version())) {
        return Err(RepositoryError::MigrationMissing { missing: migration.name().to_string() });
    }
    connection::framed(pool, Kind::Write, countersign_storage_sql::ready)
}

/// Every column of the live schema.
pub(crate) fn columns(connection: &mut PgConnection) -> Result<Vec<(String, String)>, RepositoryError> {
    let text = "SELECT c.table_name::TEXT, c.column_name::TEXT FROM information_schema.columns c \
        JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
        WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
        ORDER BY c.table_name, c.ordinal_position";
    let rows = PostgresSession::new(connection).rows(&Statement::new(text, Vec::new()))?;
    rows.into_iter().map(|mut row| Ok((row.text()?, row.text()?))).collect()
}
