//! Taking back a request that is named by one of two numbers.

use serde::Serialize;

use super::Workflow;
use super::guard::Guard;
use super::order::{Sight, Via};
use crate::directory::Caller;
use crate::ids::RequestNumber;
use crate::lifecycle::{Actor, Command, Refusal};
use crate::request::{Request, RequestKey, RequestStatus};
use crate::service::ServiceError;

/// What a call is, for telling whether it was sent before.
#[derive(Serialize)]
struct Call<'a> {
    withdraw: &'a [RequestNumber],
}

impl Workflow {
    /// Takes back the one request among `numbers` that the caller can take back, where the caller
    /// does not say which of them is the request's (`spec/oig-requests.md` H-6). Two that could be
    /// meant are a fault, and neither is taken back.
    pub async fn withdraw_either(
        &self,
        caller: &Caller,
        numbers: &[RequestNumber],
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, &Call { withdraw: numbers })?;
        guard.once(&*self.repository, self.withdraw_either_once(caller, numbers, via, &guard)).await
    }

    async fn withdraw_either_once(
        &self,
        caller: &Caller,
        numbers: &[RequestNumber],
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        let command = Command::Withdraw { reason: None };
        let mut can = Vec::new();
        let mut refused = None;
        for number in numbers {
            match self.can(caller, RequestKey::Number(*number), &command).await {
                Ok(()) => can.push(*number),
                Err(error @ ServiceError::Repository(_)) => return Err(error),
                // Why it cannot be taken back says more than that there is none.
                Err(ServiceError::NotFound) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match can[..] {
            [number] => self.act_once(caller, RequestKey::Number(number), &command, Sight::Oig, via, guard).await,
            [] => Err(refused.unwrap_or(ServiceError::NotFound)),
            _ => Err(ServiceError::invalid("id", "names one request that can be withdrawn, and requestId another")),
        }
    }

    /// Whether the caller can do `command` at present, as far as the request itself tells: a parent
    /// that waits for its children passes it on to them.
    async fn can(&self, caller: &Caller, key: RequestKey, command: &Command) -> Result<(), ServiceError> {
        let request = self.visible(caller, key, Sight::Oig).await?.document.request()?;
        match self.decide(&request, command, Actor::Person(caller), self.tools.clock.now()).await {
            Ok(_) => Ok(()),
            Err(ServiceError::Refused(Refusal::State { .. })) if self.passes_on(caller, &request).await? => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn passes_on(&self, caller: &Caller, request: &Request) -> Result<bool, ServiceError> {
        if request.status() != RequestStatus::AwaitingChildren {
            return Ok(false);
        }
        let administrators = self.repository.administrators(None).await?;
        let administrator = administrators.is_some_and(|group| caller.is_among(&[group.into()]));
        Ok(administrator || request.originator == caller.user)
    }
}
