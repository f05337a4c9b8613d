//! Databases to measure on: as many requests as asked for, streamed through the port's import.

pub mod bench;
pub mod lived;
mod people;
mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use countersign_core::bundle::{ImportError, ImportReport, RecordSource};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::repository::{ImportContext, Repository, Silent};
use countersign_storage_conformance::sample::Random;
use countersign_storage_sqlite::SqliteOptions;
use serde_json::{Value, json};

pub use people::{AUDITOR, PASSWORD, READER};
use source::ordered;
pub(crate) use source::request_id;

/// How much to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Certificate requests. Beside them comes one access request for every twenty.
    pub requests: u64,
    /// How many of them the login [`READER`] may see; spread from the newest to the oldest.
    pub own: u64,
}

/// Makes the database at `path`, which must not exist, and says what it took.
pub fn make(path: &Path, plan: Plan) -> anyhow::Result<Value> {
    ensure!(!path.exists(), "{} exists already", path.display());
    ensure!(plan.own <= plan.requests, "nobody sees {} of {} requests", plan.own, plan.requests);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(fill(path, plan))
}

async fn fill(path: &Path, plan: Plan) -> anyhow::Result<Value> {
    let started = Instant::now();
    let repository = countersign_storage_sqlite::open(&SqliteOptions::new(path))?;
    repository.migrate().await?;
    let records = source::Source::new(plan).context("the people cannot be made")?;
    let report = import(&repository, Box::new(records)).await?;
    Ok(json!({
        "requests": plan.requests, "own": plan.own, "records": report.added, "seconds": started.elapsed().as_secs(),
    }))
}

/// Imports records, which have no fault.
async fn import(repository: &dyn Repository, records: Box<dyn RecordSource>) -> anyhow::Result<ImportReport> {
    let context =
        ImportContext { now: SystemClock.now(), entropy: Box::new(Random::new(1)), progress: Arc::new(Silent) };
    repository.import(records, context).await.map_err(|error| match error {
        ImportError::Faults { count, first } => anyhow!("{count} faults, the first: {:?}", first.first()),
        other => other.into(),
    })
}
