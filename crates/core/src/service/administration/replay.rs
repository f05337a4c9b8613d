//! Telling a webhook again what it has heard before.

use super::{Administered, Administration, TRIES};
use crate::directory::Caller;
use crate::event::EventKind;
use crate::ids::WebhookId;
use crate::repository::{AggregateChange, Change, CommitOutcome, WebhookChange};
use crate::service::workflow::Guard;
use crate::service::{ServiceError, Via};
use crate::webhook::Webhook;

impl Administration {
    /// Lets a webhook hear anew what lies after `position` in the feed; a position ahead of what it
    /// has heard passes over what lies between.
    pub async fn replay(
        &self,
        caller: &Caller,
        id: WebhookId,
        position: i64,
        via: &Via,
    ) -> Result<Webhook, ServiceError> {
        self.check(caller).await?;
        let guard = Guard::of(caller, via, &(id, position))?;
        guard.once(&*self.repository, self.replay_once(caller, id, position, via, &guard)).await
    }

    async fn replay_once(
        &self,
        caller: &Caller,
        id: WebhookId,
        position: i64,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Webhook, ServiceError> {
        self.check_position(position).await?;
        for _ in 0..TRIES {
            let before = Webhook::load(&*self.repository, &id).await?.ok_or(ServiceError::NotFound)?;
            let now = self.tools.clock.now();
            let expected = Some(before.revision);
            let state = Webhook { revision: before.revision.next(), ..before };
            let event = self.event(caller, via, EventKind::Changed, &state, now);
            let webhook = AggregateChange { expected, state: state.clone(), events: vec![event] };
            let webhooks = vec![WebhookChange { webhook, secret: None, position: Some(position) }];
            let idempotency = guard.promise(&state, now)?;
            match self.repository.commit(Change { webhooks, idempotency, ..Change::default() }).await? {
                CommitOutcome::Committed => return Ok(state),
                CommitOutcome::Conflict => {}
                CommitOutcome::Duplicate { command, result } => return guard.result(command, &result),
            }
        }
        Err(ServiceError::Contended)
    }

    /// A position beyond the end would leave out what has not happened yet.
    async fn check_position(&self, position: i64) -> Result<(), ServiceError> {
        let exists = position == 0 || position > 0 && !self.repository.event_feed(position - 1, 1).await?.is_empty();
        if exists { Ok(()) } else { Err(ServiceError::invalid("after", "is no position of the feed")) }
    }
}
