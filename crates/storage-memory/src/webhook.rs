//! Webhooks in their table, and how far each has been told.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::event::StreamKind;
use countersign_core::ids::WebhookId;
use countersign_core::repository::{Delivery, Result};
use countersign_core::webhook::Webhook;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for Webhook {
    const STREAM: StreamKind = StreamKind::Webhook;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::Webhook(self.id.as_uuid())]
    }
}

impl Tabled for Webhook {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.webhooks
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.webhooks
    }
}

/// Every webhook with how far it has been told.
pub(crate) fn all(tables: &Tables) -> Result<Vec<(Webhook, Delivery)>> {
    let mut webhooks = Vec::with_capacity(tables.webhooks.len());
    for webhook in tables.webhooks.all() {
        let webhook = Arc::unwrap_or_clone(webhook?);
        let delivery = tables.deliveries.get(&webhook.id).cloned();
        let lost = || RepositoryError::Damaged(format!("how far webhook {} was told is not there", webhook.id));
        let delivery = delivery.ok_or_else(lost)?;
        webhooks.push((webhook, delivery));
    }
    Ok(webhooks)
}

/// Lets a webhook hear of what comes after `position`.
pub(crate) fn tell_from(tables: &mut Tables, webhook: WebhookId, position: i64, now: Timestamp) {
    let delivery = Delivery { webhook, position, attempts: 0, next_attempt: now, error: None };
    tables.deliveries.insert(webhook, delivery);
}

/// Lets the webhooks that have not been told anything yet hear of what happens from here on.
pub(crate) fn begin_deliveries(tables: &mut Tables, now: Timestamp) {
    let end = tables.events.last();
    let webhooks: Vec<WebhookId> = tables.webhooks.ids().map(WebhookId::from).collect();
    for webhook in webhooks.into_iter().filter(|webhook| !tables.deliveries.contains_key(webhook)).collect::<Vec<_>>() {
        tell_from(tables, webhook, end, now);
    }
}

/// Notes how far a webhook has been told; `false` if it is not at the position `read` any more.
pub(crate) fn note_delivery(tables: &mut Tables, delivery: &Delivery, read: i64) -> bool {
    let kept = tables.deliveries.get_mut(&delivery.webhook).filter(|kept| kept.position == read);
    kept.map(|kept| *kept = delivery.clone()).is_some()
}
