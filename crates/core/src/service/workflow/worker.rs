//! What the worker does with each thing that is due.

use super::Workflow;
use crate::approval::ApprovalTask;
use crate::clock::Timestamp;
use crate::directory::PrincipalName;
use crate::ids::{PrincipalId, RequestId, UserId};
use crate::lifecycle::{Command, TaskRef};
use crate::repository::Due;
use crate::request::Request;
use crate::service::ServiceError;

/// How long an idempotency key is kept (decision 13): seven days, in microseconds.
const KEY_LIFE: i64 = 7 * 24 * 3600 * 1_000_000;

impl Workflow {
    /// At most `limit` things that wait for the worker.
    pub async fn due(&self, limit: usize) -> Result<Vec<Due>, ServiceError> {
        Ok(self.repository.due(self.tools.clock.now(), limit).await?)
    }

    /// Does what is due. What has become moot meanwhile, and what another worker has done, is none.
    pub async fn run(&self, due: Due) -> Result<(), ServiceError> {
        match due {
            Due::Request(request) => self.as_worker(request, &Command::Wake).await,
            Due::Parent(parent) => self.children_ended(parent).await,
            Due::Dependent(request) => self.dependency_ended(request).await,
            Due::Grant(grant) => self.end_grant(grant).await,
            Due::Handover(user, request) => self.hand_over(user, request).await,
        }
    }

    /// Forgets idempotency keys that are past their time; says how many.
    pub async fn forget_keys(&self) -> Result<u64, ServiceError> {
        let before = Timestamp::from_micros(self.tools.clock.now().as_micros() - KEY_LIFE);
        match before {
            Some(before) => Ok(self.repository.forget_keys(before).await?),
            None => Ok(0),
        }
    }

    /// Gives the open tasks of somebody who has left to the stand-in, task by task (decision 6).
    async fn hand_over(&self, user: UserId, request: RequestId) -> Result<(), ServiceError> {
        let names = self.repository.principal_names(&[user.into()], None).await?;
        let stand_in = names.into_iter().find_map(|(_, name)| match name {
            PrincipalName::User { stand_in, .. } => stand_in,
            PrincipalName::Group { .. } => None,
        });
        let Some(stand_in) = stand_in else { return Ok(()) };
        let Some(stored) = self.repository.request(request).await? else { return Ok(()) };
        let request = stored.document.request()?;
        let leaver = PrincipalId::from(user);
        let held = |task: &&ApprovalTask| task.state.is_open() && task.holders().any(|holder| holder == leaver);
        for task in request.tasks().filter(held) {
            let command = handover(task, leaver, stand_in);
            match self.as_worker(request.id, &command).await {
                // The stand-in may not decide this one: the administrators do.
                Err(ServiceError::Refused(_)) => self.hand_to_administrators(&request, task).await?,
                done => done?,
            }
        }
        Ok(())
    }

    async fn hand_to_administrators(&self, request: &Request, task: &ApprovalTask) -> Result<(), ServiceError> {
        let Some(administrators) = self.repository.administrators(None).await? else { return Ok(()) };
        let to = vec![administrators.into()];
        self.as_worker(request.id, &Command::Reassign { task: TaskRef::Id(task.id), to, comment: None }).await
    }
}

/// A claim is given up; a delegate's place falls back to the assignee; a task of one's own goes to
/// the stand-in.
fn handover(task: &ApprovalTask, leaver: PrincipalId, stand_in: PrincipalId) -> Command {
    let id = TaskRef::Id(task.id);
    if task.acquired_by.is_some_and(|claimer| PrincipalId::from(claimer) == leaver) {
        return Command::Release { task: id };
    }
    let to = if task.assignee == leaver { stand_in } else { task.assignee };
    Command::Reassign { task: id, to: vec![to], comment: None }
}
