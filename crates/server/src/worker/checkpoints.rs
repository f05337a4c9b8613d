//! Signs how far every stream has come, again and again. The key lies outside the database, so whoever
//! rewrites history there cannot make it fit.

use std::time::Duration;

use countersign_core::audit::AuditKey;
use countersign_core::clock::{Clock, SystemClock, Timestamp};
use countersign_core::service::{Checkpoints, ServiceError};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::state::AppState;

/// The name of the lease.
const LEASE: &str = "checkpoints";
/// How long one server has it: longer than a checkpoint takes.
const TERM: i64 = 10_000_000;

/// Makes checkpoints until the process ends.
pub(super) async fn run(state: AppState, key: Option<AuditKey>) {
    let Some(key) = key else { return };
    let holder = Uuid::now_v7();
    let mut ticks = interval(Duration::from_secs(state.settings.audit.checkpoint_seconds));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = catch_up(&state, &key, holder).await {
            tracing::error!(%error, "no checkpoint can be made; it is tried again");
        }
    }
}

/// Covers everything that has happened, as long as this server is the one that does.
async fn catch_up(state: &AppState, key: &AuditKey, holder: Uuid) -> Result<(), ServiceError> {
    let checkpoints = Checkpoints::new(state.repository.clone(), state.clock.clone());
    loop {
        let now = SystemClock.now();
        let until = Timestamp::from_micros(now.as_micros().saturating_add(TERM)).unwrap_or(now);
        if !state.repository.lease(LEASE, holder, now, until).await? {
            return Ok(());
        }
        let Some(checkpoint) = checkpoints.make(key).await? else { return Ok(()) };
        tracing::debug!(sequence = checkpoint.sequence, position = checkpoint.position, "a checkpoint was made");
    }
}
