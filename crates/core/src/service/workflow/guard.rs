//! A call that may be sent again has one effect (decision 13).

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::order::Via;
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::error::RepositoryError;
use crate::ids::UserId;
use crate::repository::{Change, CommitOutcome, Idempotency, Repository};
use crate::service::ServiceError;

/// Who sends which command under which key.
pub(in crate::service) struct Guard<'a> {
    caller: UserId,
    via: &'a Via,
    command: [u8; 32],
}

impl<'a> Guard<'a> {
    /// The guard of `command`, as the caller sent it.
    pub(in crate::service) fn of(
        caller: &Caller,
        via: &'a Via,
        command: &impl Serialize,
    ) -> Result<Self, ServiceError> {
        Self::by(caller.user, via, command)
    }

    /// The same of a caller who is no person: a program goes by the id of its webhook.
    pub(in crate::service) fn by(caller: UserId, via: &'a Via, command: &impl Serialize) -> Result<Self, ServiceError> {
        let bytes = serde_json::to_vec(command).map_err(|error| RepositoryError::Internal(error.to_string()))?;
        Ok(Self { caller, via, command: Sha256::digest(bytes).into() })
    }

    /// Does `call` unless it was done before. Where it is refused, the same call may have won meanwhile:
    /// then that has answered for this one.
    pub(in crate::service) async fn once<T: DeserializeOwned>(
        &self,
        repository: &dyn Repository,
        call: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        if let Some(done) = self.earlier(repository).await? {
            return Ok(done);
        }
        match call.await {
            Err(refused) if refused.refuses() => self.earlier(repository).await?.ok_or(refused),
            other => other,
        }
    }

    /// What the call did before.
    async fn earlier<T: DeserializeOwned>(&self, repository: &dyn Repository) -> Result<Option<T>, ServiceError> {
        let Some(key) = &self.via.key else { return Ok(None) };
        match repository.earlier(self.caller, key.operation, &key.key, key.element).await? {
            Some((command, result)) => self.result(command, &result).map(Some),
            None => Ok(None),
        }
    }

    /// The earlier result, unless the key was used for something else.
    pub(in crate::service) fn result<T: DeserializeOwned>(
        &self,
        command: [u8; 32],
        result: &[u8],
    ) -> Result<T, ServiceError> {
        if command != self.command {
            return Err(ServiceError::KeyReused);
        }
        let earlier = serde_json::from_slice(result);
        earlier.map_err(|error| RepositoryError::Damaged(format!("an earlier result cannot be read: {error}")).into())
    }

    /// Keeps the answer to a call that changed nothing: another body under its key is told apart all
    /// the same.
    pub(in crate::service) async fn unchanged<T: Serialize + DeserializeOwned>(
        &self,
        repository: &dyn Repository,
        answer: T,
        now: Timestamp,
    ) -> Result<T, ServiceError> {
        let idempotency = self.promise(&answer, now)?;
        if idempotency.is_none() {
            return Ok(answer);
        }
        match repository.commit(Change { idempotency, ..Change::default() }).await? {
            CommitOutcome::Committed => Ok(answer),
            CommitOutcome::Conflict => Err(ServiceError::Contended),
            CommitOutcome::Duplicate { command, result } => self.result(command, &result),
        }
    }

    /// The promise to answer with `result` when the call is sent again.
    pub(in crate::service) fn promise(
        &self,
        result: &impl Serialize,
        now: Timestamp,
    ) -> Result<Option<Idempotency>, ServiceError> {
        let Some(key) = &self.via.key else { return Ok(None) };
        let result = serde_json::to_vec(result).map_err(|error| RepositoryError::Internal(error.to_string()))?;
        Ok(Some(Idempotency {
            caller: self.caller,
            operation: key.operation.to_owned(),
            key: key.key.clone(),
            element: key.element,
            command: self.command,
            result,
            at: now,
        }))
    }
}
