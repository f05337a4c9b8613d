//! The conformance suite on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a failed step fails the case")]

mod fixture;

use countersign_storage_conformance::{Fixture, conformance_tests};

async fn make() -> Box<dyn Fixture> {
    Box::new(fixture::PostgresFixture::new().await)
}

conformance_tests!(make);
