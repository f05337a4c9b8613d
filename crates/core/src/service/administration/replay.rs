//! Telling a webhook again what it has heard before.

use super::Administration;
use crate::directory::Caller;
use crate::event::EventKind;
use crate::ids::WebhookId;
use crate::repository::{AggregateChange, Change, CommitOutcome, Delivery, WebhookChange};
use crate::service::workflow::Guard;
use crate::service::{ServiceError, Via};
use crate::webhook::Webhook;

/// How often a webhook that is being told at the same time is moved anew.
const TRIES: u32 = 64;

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
        if let Some(done) = guard.earlier(&*self.repository).await? {
            return Ok(done);
        }
        self.check_position(position).await?;
        for _ in 0..TRIES {
            let (before, delivery) = self.webhook(caller, id).await?;
            let now = self.tools.clock.now();
            let moved = Delivery { webhook: id, position, attempts: 0, next_attempt: now, error: None };
            // Before the event: whoever calls again after a crash in between moves it again, which harms nothing.
            if !self.repository.note_delivery(&moved, delivery.position).await? {
                continue;
            }
            let expected = Some(before.revision);
            let state = Webhook { revision: before.revision.next(), ..before };
            let event = self.event(caller, via, EventKind::Changed, &state, now);
            let webhook = AggregateChange { expected, state: state.clone(), events: vec![event] };
            let webhooks = vec![WebhookChange { webhook, secret: None }];
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
