//! Withdrawing and closing a parent reaches its children, in one commit.

use super::Workflow;
use super::act::reaches_children;
use super::batch::Batch;
use super::guard::Guard;
use super::order::Via;
use crate::directory::Caller;
use crate::lifecycle::{Actor, Command, Refusal};
use crate::request::{Outcome, Request, RequestState, RequestStatus};
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
        let (mut reached, mut refused) = (false, None);
        let mut statuses = Vec::new();
        for child in self.repository.children(parent.id).await? {
            if child.status.is_final() {
                statuses.push(child.status);
                continue;
            }
            let Some(stored) = self.repository.request(child.id).await? else { continue };
            let child = stored.document.request()?;
            match self.decide(&child, command, actor, batch.now).await {
                Ok(decided) => {
                    statuses.push(self.carry(&mut batch, &child, decided).await?.status());
                    reached = true;
                    continue;
                }
                Err(ServiceError::Refused(Refusal::State { .. })) => {}
                Err(ServiceError::Refused(refusal)) => refused = Some(refusal),
                Err(error) => return Err(error),
            }
            statuses.push(child.status());
        }
        let after = if matches!(command, Command::Close { .. }) {
            let decided = self.decide(parent, command, actor, batch.now).await?;
            self.carry(&mut batch, parent, decided).await?
        } else if reached {
            self.end_with_children(&mut batch, parent, &statuses).await?
        } else {
            let reason = "the approval of every part of it is over";
            return Err(refused.unwrap_or(Refusal::State { status: parent.status(), reason }).into());
        };
        self.land(batch, after, guard).await
    }

    /// The parent of children that are so far: over with them, in the same commit, so that the call and
    /// whoever sends it again hear the same.
    async fn end_with_children(
        &self,
        batch: &mut Batch,
        parent: &Request,
        children: &[RequestStatus],
    ) -> Result<Request, ServiceError> {
        let mut ended = [0; Outcome::ALL.len()];
        for status in children {
            let outcome = RequestState::from_parts(*status, None, Some(batch.now)).and_then(RequestState::outcome);
            let Some(at) = Outcome::ALL.iter().position(|known| Some(*known) == outcome) else {
                return Ok(parent.clone());
            };
            ended[at] += 1;
        }
        let decided = self.decide(parent, &Command::ChildrenEnded { ended }, Actor::Worker, batch.now).await?;
        self.carry(batch, parent, decided).await
    }
}
