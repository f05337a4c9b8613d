//! Committing what was decided, and what the end of one request means for others: its parent, and those that
//! wait for it.
//!
//! Whatever follows a commit is done again by the worker if the process ends in between, so that an error
//! loses nothing and does not undo what was acknowledged.

use super::Workflow;
use super::batch::Batch;
use super::guard::Guard;
use crate::event::Channel;
use crate::ids::RequestId;
use crate::lifecycle::{Actor, Command};
use crate::repository::CommitOutcome;
use crate::request::{Request, RequestKey};
use crate::service::ServiceError;

impl Workflow {
    /// Commits what a call has decided, with the promise to answer with `after` whoever sends it again; `None` if
    /// somebody was faster.
    pub(super) async fn land(
        &self,
        mut batch: Batch,
        after: Request,
        guard: &Guard<'_>,
    ) -> Result<Option<Request>, ServiceError> {
        batch.change.idempotency = guard.promise(&after, batch.now)?;
        let touched = batch.requests();
        match self.repository.commit(batch.change).await? {
            CommitOutcome::Committed => {
                self.follow(&touched).await;
                Ok(Some(after))
            }
            CommitOutcome::Conflict => Ok(None),
            CommitOutcome::Duplicate { command, result } => guard.result(command, &result).map(Some),
        }
    }

    /// Goes on with whatever waited for one of `requests`, which were just committed.
    pub(super) async fn follow(&self, requests: &[Request]) {
        for request in requests.iter().filter(|request| request.status().is_final()) {
            if let Ok(dependents) = self.repository.dependents(request.id).await {
                for dependent in dependents {
                    // The worker tries again: see above.
                    let _ = self.dependency_ended(dependent).await;
                }
            }
        }
        let mut parents: Vec<RequestId> = requests
            .iter()
            .filter(|request| request.status().is_final())
            .filter_map(|request| request.parent.map(|parent| parent.request))
            .collect();
        parents.sort_unstable();
        parents.dedup();
        for parent in parents {
            let _ = self.children_ended(parent).await;
        }
    }

    pub(super) async fn dependency_ended(&self, request: RequestId) -> Result<(), ServiceError> {
        self.as_worker(request, &Command::DependencyEnded).await
    }

    /// Ends a parent whose children are all over (decision 10).
    pub(super) async fn children_ended(&self, parent: RequestId) -> Result<(), ServiceError> {
        let counts = self.repository.child_counts(parent).await?;
        if counts.open > 0 || counts.ended.iter().sum::<i64>() == 0 {
            return Ok(());
        }
        self.as_worker(parent, &Command::ChildrenEnded { ended: counts.ended }).await
    }

    pub(super) async fn as_worker(&self, request: RequestId, command: &Command) -> Result<(), ServiceError> {
        self.act_as(Actor::Worker, None, RequestKey::Id(request), command, Channel::Worker).await.map(|_| ())
    }
}
