//! Bulk calls: many elements under one key.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Workflow;
use super::order::Via;
use crate::directory::Caller;
use crate::error::RepositoryError;
use crate::repository::{Change, CommitOutcome, Idempotency};
use crate::service::ServiceError;

impl Workflow {
    /// Lets a bulk call begin. Its elements happen one by one, each under a number of its own; so
    /// that nothing happens at all when the key comes with another body (decision 13), the body as
    /// a whole is remembered first.
    pub async fn begin_bulk(&self, caller: &Caller, via: &Via, body: &impl Serialize) -> Result<(), ServiceError> {
        let Some(key) = &via.key else { return Ok(()) };
        let bytes =
            serde_json_canonicalizer::to_vec(body).map_err(|error| RepositoryError::Internal(error.to_string()))?;
        let command: [u8; 32] = Sha256::digest(bytes).into();
        let promise = Idempotency {
            caller: caller.user,
            operation: key.operation.to_owned(),
            key: key.key.clone(),
            element: key.element,
            command,
            result: Vec::new(),
            at: self.tools.clock.now(),
        };
        let change = Change { idempotency: Some(promise), ..Change::default() };
        match self.repository.commit(change).await? {
            CommitOutcome::Committed => Ok(()),
            CommitOutcome::Duplicate { command: earlier, .. } if earlier == command => Ok(()),
            CommitOutcome::Duplicate { .. } => Err(ServiceError::KeyReused),
            CommitOutcome::Conflict => Err(ServiceError::Contended),
        }
    }
}
