//! Approval tasks as those see them who may decide them.

use std::sync::Arc;

use super::{Names, Requests, ServiceError};
use crate::approval::TaskState;
use crate::directory::Caller;
use crate::filter::{Filter, RequestClause, TaskClause, TaskFilter, UserMatch};
use crate::ids::{TaskId, UserNumber};
use crate::repository::{Inbox, Order, Repository, Start, TaskCursor};
use crate::request::Request;

/// Which tasks an inbox lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxQuery {
    /// Only tasks in one of these states; `None` is every state.
    pub states: Option<Vec<TaskState>>,
    /// Only those that meet this.
    pub filter: Option<TaskFilter>,
    /// Only those of requests that this user asked for or gets.
    pub user: Option<UserNumber>,
    /// Which end comes first.
    pub order: Order,
}

impl Default for InboxQuery {
    /// What waits for a decision.
    fn default() -> Self {
        Self { states: Some(vec![TaskState::Assigned]), filter: None, user: None, order: Order::NewestFirst }
    }
}

/// A page of an inbox with what is printed beside it.
#[derive(Clone, Debug)]
pub struct InboxView {
    /// Each task with its request, in the order that was asked for.
    pub tasks: Vec<(TaskId, Request)>,
    /// The names of the principals that they mention.
    pub names: Names,
    /// Where the next page begins; `None` at the end.
    pub next: Option<TaskCursor>,
}

/// Reads inboxes.
#[derive(Clone)]
pub struct Tasks {
    repository: Arc<dyn Repository>,
    requests: Requests,
}

impl Tasks {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { requests: Requests::new(Arc::clone(&repository)), repository }
    }

    /// A page of the tasks that the caller may decide.
    pub async fn inbox(
        &self,
        caller: &Caller,
        query: &InboxQuery,
        start: Start<TaskCursor>,
        limit: usize,
    ) -> Result<InboxView, ServiceError> {
        let page = self.repository.inbox(&of(caller, query), start, limit).await?;
        let mut tasks = Vec::with_capacity(page.items.len());
        let mut requests = Vec::with_capacity(page.items.len());
        for item in page.items {
            let request = item.request.document.request()?;
            requests.push(request.clone());
            tasks.push((item.task, request));
        }
        let names = self.requests.names_in(&requests, Some(caller.directory)).await?;
        Ok(InboxView { tasks, names, next: page.next })
    }

    /// How many tasks the caller may decide.
    pub async fn count(&self, caller: &Caller, query: &InboxQuery) -> Result<u64, ServiceError> {
        Ok(self.repository.count_inbox(&of(caller, query)).await?)
    }
}

fn of(caller: &Caller, query: &InboxQuery) -> Inbox {
    let of_user = query.user.map(|number| {
        let user = || vec![UserMatch::Number(number)];
        Filter::Or(vec![
            Filter::Clause(TaskClause::Request(RequestClause::Requester(user()))),
            Filter::Clause(TaskClause::Request(RequestClause::Beneficiary(user()))),
        ])
    });
    let filter = match (query.filter.clone(), of_user) {
        (Some(filter), Some(of_user)) => Some(Filter::And(vec![filter, of_user])),
        (filter, of_user) => filter.or(of_user),
    };
    Inbox {
        user: caller.user,
        principals: caller.principals.clone(),
        represents: caller.represents.clone(),
        states: query.states.clone(),
        filter,
        order: query.order,
    }
}
