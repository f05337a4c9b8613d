//! Requests that are being carried out, and what is said of that.

use std::sync::Arc;

use super::administration::check_administrator;
use super::{RequestListing, Requests, ServiceError, Sight, Via, Workflow};
use crate::access::ListClass;
use crate::directory::Caller;
use crate::ids::WebhookId;
use crate::lifecycle::Command;
use crate::repository::{Order, Repository, RequestCursor, RequestList, Start};
use crate::request::{Request, RequestKey, RequestStatus};
use crate::webhook::{WebhookPurpose, WebhookSecret};

/// What is said of a request that is being carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It has been carried out.
    Completed,
    /// It cannot be carried out.
    Failed {
        /// Why.
        reason: String,
    },
    /// It did not work, and may later.
    Stumbled {
        /// Why.
        reason: String,
    },
    /// It is to be tried again.
    Retry,
}

impl From<Report> for Command {
    fn from(report: Report) -> Self {
        match report {
            Report::Completed => Self::Complete,
            Report::Failed { reason } => Self::Fail { reason },
            Report::Stumbled { reason } => Self::Stumble { reason },
            Report::Retry => Self::Retry,
        }
    }
}

/// Reads what is being carried out, and hears how it went.
#[derive(Clone)]
pub struct Fulfilments {
    repository: Arc<dyn Repository>,
    requests: Requests,
    workflow: Workflow,
}

impl Fulfilments {
    /// The service over `repository`; `workflow` does what is reported.
    pub fn new(repository: Arc<dyn Repository>, workflow: Workflow) -> Self {
        Self { requests: Requests::new(Arc::clone(&repository)), repository, workflow }
    }

    /// A page of the requests that are being carried out, the oldest first: for administrators.
    pub async fn list(
        &self,
        caller: &Caller,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<RequestListing, ServiceError> {
        check_administrator(&*self.repository, caller).await?;
        let list = RequestList {
            principals: caller.principals.clone(),
            through_reports: None,
            classes: ListClass::OIG_TRACK,
            statuses: Some(vec![RequestStatus::Executing]),
            filter: None,
            order: Order::OldestFirst,
            // What an administrator does next is decided by it.
            reader: None,
        };
        let start = after.map_or(Start::Offset(0), Start::After);
        let page = self.repository.requests(&list, start, limit).await?;
        let requests = page.items.iter().map(|stored| stored.document.request()).collect::<Result<Vec<_>, _>>()?;
        let names = self.requests.names_in(&requests, Some(caller.directory)).await?;
        Ok(RequestListing { names, requests, next: page.next })
    }

    /// Does what an administrator says of a request.
    pub async fn report(
        &self,
        caller: &Caller,
        request: RequestKey,
        report: Report,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        check_administrator(&*self.repository, caller).await?;
        self.workflow.act(caller, request, &report.into(), Sight::Oig, via).await
    }

    /// Does what the program behind a webhook says of a request.
    pub async fn report_of_program(
        &self,
        webhook: WebhookId,
        request: RequestKey,
        report: Report,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        self.workflow.fulfil(webhook, request, &report.into(), via).await
    }

    /// The keys of the webhooks that carry requests out at present, for telling which one calls.
    pub async fn keys(&self) -> Result<Vec<(WebhookId, WebhookSecret)>, ServiceError> {
        let mut keys = Vec::new();
        for (webhook, _) in self.repository.webhooks().await? {
            if webhook.enabled && webhook.purpose == WebhookPurpose::Fulfil {
                let secret = self.repository.webhook_secret(webhook.id).await?;
                keys.extend(secret.map(|secret| (webhook.id, secret)));
            }
        }
        Ok(keys)
    }
}
