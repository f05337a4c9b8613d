//! The migrations on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod fixture;

use countersign_storage_conformance::{Migrated, migration_tests};

async fn make() -> Box<dyn Migrated> {
    Box::new(fixture::PostgresFixture::new().await)
}

migration_tests!(make);
