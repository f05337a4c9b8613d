//! Making signed checkpoints.

use std::sync::Arc;

use super::ServiceError;
use crate::audit::{AuditKey, Checkpoint};
use crate::clock::Clock;
use crate::repository::Repository;

/// How many events one checkpoint covers at most, so that making and verifying one stays small.
const EVENTS: usize = 4096;
/// How often one is made again after another server was faster.
const TRIES: u32 = 8;

/// Makes checkpoints.
#[derive(Clone)]
pub struct Checkpoints {
    repository: Arc<dyn Repository>,
    clock: Arc<dyn Clock>,
}

impl Checkpoints {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>, clock: Arc<dyn Clock>) -> Self {
        Self { repository, clock }
    }

    /// Covers the first events since the last checkpoint with one more; `None` if there are none.
    pub async fn make(&self, key: &AuditKey) -> Result<Option<Checkpoint>, ServiceError> {
        for _ in 0..TRIES {
            let span = self.repository.uncovered(EVENTS).await?;
            if span.is_empty() {
                return Ok(None);
            }
            let checkpoint = span.sign(self.clock.now(), key);
            if self.repository.keep_checkpoint(checkpoint.clone()).await? {
                return Ok(Some(checkpoint));
            }
        }
        Err(ServiceError::Contended)
    }
}
