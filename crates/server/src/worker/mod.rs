//! The background worker: deadlines, start and end dates, roll-up after a crash, leavers, old keys;
//! and beside it whoever tells webhooks ([`deliveries`]) and whoever signs checkpoints ([`checkpoints`]).
//!
//! Every server runs one; the lease lets one at a time work. Were two to work at once, nothing
//! would happen twice all the same: each commit is conditional on the revision that it was decided on.

mod checkpoints;
mod courier;
mod deliveries;

use std::time::Duration;

use countersign_core::audit::AuditKey;
use countersign_core::clock::{Clock, SystemClock, Timestamp};
use countersign_core::error::RepositoryError;
use countersign_core::repository::Due;
use countersign_core::service::ServiceError;
use uuid::Uuid;

use crate::state::AppState;

/// The name of the lease.
const LEASE: &str = "worker";
/// How many due things are fetched at once, at first.
const BATCH: usize = 256;
/// How many at most, when those before could not be done.
const WIDEST: usize = 16_384;
/// How often old idempotency keys are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Works until the process ends. Runs beside the server and never ends on its own.
/// Without a key no checkpoints are made.
pub(crate) async fn run(state: AppState, key: Option<AuditKey>) {
    let checkpoints = checkpoints::run(state.clone(), key);
    futures_util::future::join3(work(state.clone()), deliveries::run(state), checkpoints).await;
}

async fn work(state: AppState) {
    let mut worker = Worker::new(state);
    let pause = Duration::from_millis(worker.state.settings.workflow.worker_millis);
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = worker.tick(pause).await {
            tracing::warn!(%error, "the worker cannot work; it tries again");
        }
    }
}

struct Worker {
    state: AppState,
    holder: Uuid,
    batch: usize,
    forgot: Option<std::time::Instant>,
}

impl Worker {
    fn new(state: AppState) -> Self {
        Self { state, holder: Uuid::now_v7(), batch: BATCH, forgot: None }
    }

    async fn tick(&mut self, pause: Duration) -> Result<(), ServiceError> {
        while self.has_lease(pause).await? {
            if self.forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                self.state.workflow.forget_keys().await?;
                self.forgot = Some(std::time::Instant::now());
            }
            let due = self.state.workflow.due(self.batch).await?;
            let full = due.len() == self.batch;
            let failed = self.work(&due).await;
            // What cannot be done must not stand before what can.
            self.batch = if failed == due.len() && full { (self.batch * 2).min(WIDEST) } else { BATCH };
            if !full || failed == due.len() {
                break;
            }
        }
        Ok(())
    }

    /// Does each thing; says how many could not be done.
    async fn work(&self, due: &[Due]) -> usize {
        let mut failed = 0;
        for due in due {
            if let Err(error) = self.state.workflow.run(*due).await {
                tracing::error!(?due, %error, "something due cannot be done; it is tried again");
                failed += 1;
            }
        }
        failed
    }

    /// Leases run by the machine's clock, whatever clock the requests go by.
    async fn has_lease(&self, pause: Duration) -> Result<bool, RepositoryError> {
        let now = SystemClock.now();
        let length = (pause * 3).max(Duration::from_secs(10));
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        let until = Timestamp::from_micros(now.as_micros().saturating_add(micros)).unwrap_or(now);
        self.state.repository.lease(LEASE, self.holder, now, until).await
    }
}
