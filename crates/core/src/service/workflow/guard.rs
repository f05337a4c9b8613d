//! A call that may be sent again has one effect (decision 13).

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::order::Via;
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::error::RepositoryError;
use crate::ids::UserId;
use crate::repository::{Idempotency, Repository};
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

    /// What the call did before.
    pub(in crate::service) async fn earlier<T: DeserializeOwned>(
        &self,
        repository: &dyn Repository,
    ) -> Result<Option<T>, ServiceError> {
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
