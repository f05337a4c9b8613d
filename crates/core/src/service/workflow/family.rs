//! Withdrawing and closing a parent reaches its children, in one commit.

use super::Workflow;
use super::act::reaches_children;
use super::guard::Guard;
use super::order::Via;
use crate::directory::Caller;
use crate::lifecycle::{Actor, Command, Refusal};
use crate::repository::CommitOutcome;
use crate::request::{Request, RequestStatus};
use crate::service::ServiceError;

impl Workflow {
    /// Does `command` to a parent that waits for its children and to every child that it can be done
    /// to. `None`: the command is about the request alone, or somebody was faster.
    pub(super) async fn act_on_family(
        &self,
        caller: &Caller,
        parent: &Request,
        command: &Command,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Option<Request>, ServiceError> {
        if parent.status() != RequestStatus::AwaitingChildren || !reaches_children(command) {
            return Ok(None);
        }
        let mut batch = self.batch(Some(caller.user), via.channel);
        let actor = Actor::Person(caller);
        let mut reached = false;
        let mut refused = None;
        for child in self.repository.children(parent.id).await? {
            if child.status.is_final() {
                continue;
            }
            let Some(stored) = self.repository.request(child.id).await? else { continue };
            let child = stored.document.request()?;
            match self.decide(&child, command, actor, batch.now).await {
                Ok(decided) => {
                    self.carry(&mut batch, &child, decided).await?;
                    reached = true;
                }
                Err(ServiceError::Refused(Refusal::State { .. })) => {}
                Err(ServiceError::Refused(refusal)) => refused = Some(refusal),
                Err(error) => return Err(error),
            }
        }
        let after = if matches!(command, Command::Close { .. }) {
            let decided = self.decide(parent, command, actor, batch.now).await?;
            self.carry(&mut batch, parent, decided).await?
        } else if reached {
            parent.clone()
        } else {
            let reason = "the approval of every part of it is over";
            return Err(refused.unwrap_or(Refusal::State { status: parent.status(), reason }).into());
        };
        batch.change.idempotency = guard.promise(&after, batch.now)?;
        let touched = batch.requests();
        match self.repository.commit(batch.change).await? {
            CommitOutcome::Committed => {
                self.follow(&touched).await;
                Ok(Some(self.present(after).await?))
            }
            CommitOutcome::Conflict => Ok(None),
            CommitOutcome::Duplicate { command, result } => guard.result(command, &result).map(Some),
        }
    }

    /// The request as it is now, with what its children's end has done to it.
    async fn present(&self, request: Request) -> Result<Request, ServiceError> {
        match self.repository.request(request.id).await? {
            Some(stored) => Ok(stored.document.request()?),
            None => Ok(request),
        }
    }
}
