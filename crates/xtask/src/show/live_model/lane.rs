//! A server without its HTTP: services over a database of their own, with a clock that is set.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use anyhow::{Context as _, anyhow};
use countersign_core::bundle::ImportError;
use countersign_core::catalog::FulfilmentMethod;
use countersign_core::clock::{Clock, Timestamp};
use countersign_core::directory::Caller;
use countersign_core::event::{Channel, Entropy};
use countersign_core::repository::{ImportContext, Repository, Silent};
use countersign_core::service::{Randomness, Tools, Via, Workflow, WorkflowSettings};
use countersign_storage_conformance::sample::{Random, Records};
use countersign_storage_sqlite::SqliteOptions;
use uuid::Uuid;

use super::model::cast::{Person, USERS};
use super::world;

/// How a call comes in.
pub(super) const VIA: Via = Via { channel: Channel::Native, key: None };

/// A clock that tells what it was set to.
#[derive(Debug, Default)]
pub(super) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        world::time(self.0.load(Ordering::Relaxed)).unwrap_or_else(|_| countersign_core::clock::SystemClock.now())
    }
}

/// Ids that count up.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Randomness for Counter {
    fn id(&self, now: Timestamp) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let milliseconds = u128::from((now.as_micros() / 1000).unsigned_abs());
        Uuid::from_u128((milliseconds << 80) | (7 << 76) | (2 << 62) | u128::from(count))
    }

    fn entropy(&self) -> Box<dyn Entropy> {
        Box::new(Random::new(self.0.load(Ordering::Relaxed)))
    }
}

/// Services over one database.
pub(super) struct Lane {
    /// The database.
    pub(super) repository: Arc<dyn Repository>,
    /// What is done to requests.
    pub(super) workflow: Workflow,
    clock: Arc<Hands>,
}

impl Lane {
    /// A new database at `path` with the cast in it.
    pub(super) async fn open(path: &Path) -> anyhow::Result<Self> {
        let options = SqliteOptions { readers: 2, ..SqliteOptions::new(path) };
        let repository: Arc<dyn Repository> = Arc::new(countersign_storage_sqlite::open(&options)?);
        repository.migrate().await?;
        let source = Box::new(Records(world::records()?));
        let context =
            ImportContext { now: world::time(-1000)?, entropy: Box::new(Random::new(1)), progress: Arc::new(Silent) };
        repository.import(source, context).await.map_err(|error| match error {
            ImportError::Faults { first, .. } => anyhow!("the cast has faults: {first:?}"),
            other => other.into(),
        })?;
        let clock = Arc::new(Hands::default());
        let tools = Tools { clock: Arc::clone(&clock) as Arc<dyn Clock>, randomness: Arc::new(Counter::default()) };
        let settings = WorkflowSettings { fulfilment: FulfilmentMethod::Immediate, max_children: 100 };
        let workflow = Workflow::new(Arc::clone(&repository), tools, settings);
        Ok(Self { repository, workflow, clock })
    }

    /// Sets the clock.
    pub(super) fn set(&self, seconds: i64) {
        self.clock.0.store(seconds, Ordering::Relaxed);
    }

    /// The person as whoever calls, as a dialect recognises them.
    pub(super) async fn caller(&self, person: Person) -> anyhow::Result<Caller> {
        let login = USERS[person].login;
        let identity = self.repository.identity(login, self.clock.now()).await?;
        Ok(identity.with_context(|| format!("there is no {login}"))?.caller)
    }
}
