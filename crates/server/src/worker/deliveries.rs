//! Tells webhooks what happened: each in the order of the feed, one event after the other, until the
//! receiver has taken it.
//!
//! A position is noted once the receiver has answered with a 2xx, so that after a crash the last
//! delivery may come again, and none is left out. A lease lets one server at a time deliver; should
//! two do so all the same, only one can note the position that both read, and the other stops.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use countersign_core::clock::{Clock, SystemClock, Timestamp};
use countersign_core::ids::WebhookId;
use countersign_core::repository::Delivery;
use countersign_core::service::ServiceError;
use countersign_core::webhook::Webhook;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::courier::Courier;
use crate::dialect::native::notification;
use crate::settings::WebhookSettings;
use crate::state::AppState;

/// The name of the lease.
const LEASE: &str = "deliveries";
/// How many events are read at once.
const BATCH: usize = 100;
/// By how much the lease outlasts one delivery.
const MARGIN: Duration = Duration::from_secs(5);

/// How a webhook's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There may be more to tell at once.
    More,
    /// There is nothing more at present, or the next try comes later.
    Rest,
}

/// Delivers until the process ends.
pub(super) async fn run(state: AppState) {
    let outgoing = Outgoing::new(state);
    let mut ticks = interval(Duration::from_millis(outgoing.state.settings.workflow.worker_millis));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = FuturesUnordered::new();
    let mut busy: BTreeSet<WebhookId> = BTreeSet::new();
    loop {
        let again = tokio::select! {
            _ = ticks.tick() => true,
            Some((webhook, turn)) = under_way.next(), if !busy.is_empty() => {
                busy.remove(&webhook);
                turn == Turn::More
            }
        };
        if !again {
            continue;
        }
        match outgoing.due(&busy).await {
            Ok(due) => {
                for (webhook, delivery) in due {
                    busy.insert(webhook.id);
                    under_way.push(outgoing.turn(webhook, delivery));
                }
            }
            Err(error) => tracing::warn!(%error, "webhooks cannot be told at present; it is tried again"),
        }
    }
}

struct Outgoing {
    state: AppState,
    courier: Courier,
    holder: Uuid,
    /// Until when the lease is ours, by the machine's clock.
    until: Cell<Option<Timestamp>>,
}

impl Outgoing {
    fn new(state: AppState) -> Self {
        let courier = Courier::new(&state.settings.webhooks);
        Self { state, courier, holder: Uuid::now_v7(), until: Cell::new(None) }
    }

    /// The webhooks that are to be told something now, as long as this server is the one that tells.
    async fn due(&self, busy: &BTreeSet<WebhookId>) -> Result<Vec<(Webhook, Delivery)>, ServiceError> {
        let now = SystemClock.now();
        let mut due = Vec::new();
        for (webhook, delivery) in self.state.outbox.webhooks().await? {
            let waits = delivery.attempts > 0 && delivery.next_attempt > now;
            if busy.contains(&webhook.id) || waits || self.state.outbox.after(delivery.position, 1).await?.is_empty() {
                continue;
            }
            due.push((webhook, delivery));
        }
        let needed = !due.is_empty() || !busy.is_empty();
        if needed && !self.take_lease().await? {
            due.clear();
        }
        Ok(due)
    }

    /// Leases run by the machine's clock, whatever clock the requests go by.
    async fn take_lease(&self) -> Result<bool, ServiceError> {
        let now = SystemClock.now();
        let until = later(now, self.timeout() + MARGIN);
        let held = self.state.repository.lease(LEASE, self.holder, now, until).await?;
        self.until.set(held.then_some(until));
        Ok(held)
    }

    /// Whether the lease lasts for one more delivery.
    fn may_deliver(&self) -> bool {
        let end = later(SystemClock.now(), self.timeout());
        self.until.get().is_some_and(|until| end < until)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.state.settings.webhooks.timeout_seconds)
    }

    async fn turn(&self, webhook: Webhook, delivery: Delivery) -> (WebhookId, Turn) {
        let turn = self.tell(&webhook, delivery).await.unwrap_or_else(|error| {
            tracing::warn!(webhook = %webhook.id, %error, "a webhook cannot be told at present; it is tried again");
            Turn::Rest
        });
        (webhook.id, turn)
    }

    /// Tells `webhook` what lies ahead of it, as far as one reading of the feed goes.
    async fn tell(&self, webhook: &Webhook, mut delivery: Delivery) -> Result<Turn, ServiceError> {
        let Some(secret) = self.state.outbox.secret(webhook.id).await? else { return Ok(Turn::Rest) };
        let events = self.state.outbox.after(delivery.position, BATCH).await?;
        let origin = self.state.settings.server.public_url.as_deref().unwrap_or_default();
        let mut noted = delivery.position;
        for placed in &events {
            if let Some(message) = self.state.outbox.message(webhook, placed).await? {
                if !self.may_deliver() {
                    break;
                }
                let notification = notification(webhook.id.as_uuid(), message, origin);
                if let Err(error) = self.courier.post(&webhook.url, &secret, &notification).await {
                    tracing::info!(webhook = %webhook.id, position = placed.position, %error, "a delivery was not taken");
                    let failed = failed(delivery, error, &self.state.settings.webhooks);
                    self.state.outbox.note(&failed, noted).await?;
                    return Ok(Turn::Rest);
                }
                delivery = told(&delivery, placed.position);
                if !self.state.outbox.note(&delivery, noted).await? {
                    // Somebody has moved it: it goes on from there.
                    return Ok(Turn::More);
                }
                noted = placed.position;
            } else {
                delivery = told(&delivery, placed.position);
            }
        }
        if delivery.position != noted && !self.state.outbox.note(&delivery, noted).await? {
            return Ok(Turn::More);
        }
        Ok(if events.len() == BATCH && self.may_deliver() { Turn::More } else { Turn::Rest })
    }
}

fn told(delivery: &Delivery, position: i64) -> Delivery {
    Delivery { position, attempts: 0, next_attempt: SystemClock.now(), error: None, webhook: delivery.webhook }
}

fn failed(delivery: Delivery, error: String, settings: &WebhookSettings) -> Delivery {
    let attempts = delivery.attempts.saturating_add(1);
    let next_attempt = later(SystemClock.now(), delay(attempts, settings));
    Delivery { attempts, next_attempt, error: Some(error), ..delivery }
}

/// How long after the `attempts`th try in vain the next one is made.
fn delay(attempts: i32, settings: &WebhookSettings) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(32);
    let millis = settings.retry_millis.saturating_mul(1 << doublings);
    Duration::from_millis(millis).min(Duration::from_secs(settings.longest_retry_seconds))
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.as_micros().saturating_add(micros)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_less_and_less_often() {
        let settings = WebhookSettings::default();
        let seconds: Vec<_> = [1, 2, 3, 9, 10, i32::MAX].map(|attempts| delay(attempts, &settings).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
