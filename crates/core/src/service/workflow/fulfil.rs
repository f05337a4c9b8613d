//! What a program that carries requests out says of one.

use serde::Serialize;

use super::guard::Guard;
use super::order::Via;
use super::{TRIES, Workflow};
use crate::catalog::FulfilmentMethod;
use crate::ids::WebhookId;
use crate::lifecycle::{Actor, Command, Refusal};
use crate::request::{Fulfilment, Request, RequestKey, RequestState};
use crate::service::ServiceError;

/// What a call is, for telling whether it was sent before.
#[derive(Serialize)]
struct Call<'a> {
    request: RequestKey,
    report: &'a Command,
}

impl Workflow {
    /// Does what `report` says to the request, as the program behind `webhook`, which has proved
    /// that it has the webhook's key.
    pub async fn fulfil(
        &self,
        webhook: WebhookId,
        request: RequestKey,
        report: &Command,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::by(webhook.as_uuid().into(), via, &Call { request, report })?;
        guard.once(&*self.repository, self.fulfil_once(request, report, via, &guard)).await
    }

    async fn fulfil_once(
        &self,
        request: RequestKey,
        report: &Command,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        for _ in 0..TRIES {
            let stored = self.repository.request_by(request).await?;
            let before = stored.ok_or(ServiceError::NotFound)?.document.request()?;
            if !before.status().is_final() && !is_programs(&before, self.settings.fulfilment) {
                let reason = "no program is carrying it out";
                return Err(Refusal::State { status: before.status(), reason }.into());
            }
            let mut batch = self.batch(None, via.channel);
            let decided = self.decide(&before, report, Actor::Fulfiller, batch.now).await?;
            if decided.events.is_empty() {
                return guard.unchanged(&*self.repository, before, batch.now).await;
            }
            let after = self.carry(&mut batch, &before, decided).await?;
            if let Some(done) = self.land(batch, after, guard).await? {
                return Ok(done);
            }
        }
        Err(ServiceError::Contended)
    }
}

/// Whether a program that a webhook tells is carrying the request out at present. What is fulfilled
/// at once is over in the commit that begins it; certificates go to a program only where the
/// settings say so, for otherwise the executor's client makes them.
pub(in crate::service) fn is_programs(request: &Request, default: FulfilmentMethod) -> bool {
    let automatic = matches!(request.state, RequestState::Executing { fulfilment: Fulfilment::Automatic });
    automatic && (request.certificate().is_none() || default == FulfilmentMethod::Webhook)
}
