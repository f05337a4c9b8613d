//! Webhooks, their keys, and how far each has been told.

use countersign_core::bundle::WebhookCredential;
use countersign_core::clock::Timestamp;
use countersign_core::event::StreamKind;
use countersign_core::ids::{Revision, WebhookId};
use countersign_core::repository::Delivery;
use countersign_core::webhook::{Webhook, WebhookPurpose, WebhookSecret};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, sql};

impl Aggregate for Webhook {
    const STREAM: StreamKind = StreamKind::Webhook;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!("SELECT name, url, purpose, enabled, revision FROM webhook WHERE id = ?", id);
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            name: row.text()?,
            url: row.text()?,
            purpose: row.code(WebhookPurpose::from_code)?,
            enabled: row.flag()?,
            revision: Revision(row.int()?),
            streams: load_streams(connection, id)?,
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO webhook (id, name, url, purpose, enabled, revision) VALUES (?, ?, ?, ?, ?, ?)",
            self.key(),
            self.name.as_str(),
            self.url.as_str(),
            self.purpose.code(),
            self.enabled,
            self.revision.0
        )
        .run(connection)?;
        insert_streams(connection, self)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE webhook SET name = ?, url = ?, purpose = ?, enabled = ?, revision = ? WHERE id = ? AND revision = ?",
            self.name.as_str(),
            self.url.as_str(),
            self.purpose.code(),
            self.enabled,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        sql!("DELETE FROM webhook_stream WHERE webhook_id = ?", self.key()).run(connection)?;
        insert_streams(connection, self)?;
        Ok(true)
    }
}

fn load_streams(connection: &mut dyn Session, webhook: Uuid) -> Result<Vec<StreamKind>, Failure> {
    let found = sql!("SELECT stream_kind FROM webhook_stream WHERE webhook_id = ? ORDER BY ordinal", webhook);
    let read = |mut row: Row| Ok(row.code(StreamKind::from_code)?);
    found.rows(connection)?.into_iter().map(read).collect()
}

fn insert_streams(connection: &mut dyn Session, webhook: &Webhook) -> Result<(), Failure> {
    for (ordinal, stream) in (0_i64..).zip(&webhook.streams) {
        sql!(
            "INSERT INTO webhook_stream (webhook_id, ordinal, stream_kind) VALUES (?, ?, ?)",
            webhook.key(),
            ordinal,
            stream.code()
        )
        .run(connection)?;
    }
    Ok(())
}

/// Every webhook with how far it has been told.
pub(crate) fn all(connection: &mut dyn Session) -> Result<Vec<(Webhook, Delivery)>, Failure> {
    let rows = sql!(
        "SELECT w.id, d.position, d.attempts, d.next_attempt_at, d.error \
         FROM webhook w JOIN webhook_delivery d ON d.webhook_id = w.id ORDER BY w.id"
    )
    .rows(connection)?;
    let mut webhooks = Vec::with_capacity(rows.len());
    for mut row in rows {
        let id: Uuid = row.id()?;
        let delivery = Delivery {
            webhook: id.into(),
            position: row.int()?,
            attempts: row.number()?,
            next_attempt: row.time()?,
            error: row.maybe_text()?,
        };
        let webhook = Webhook::load(connection, id)?;
        webhooks.push((webhook.ok_or_else(|| damaged("a webhook vanished"))?, delivery));
    }
    Ok(webhooks)
}

/// Lets the webhooks that have not been told anything yet hear of what happens from here on.
pub(crate) fn begin_deliveries(connection: &mut dyn Session, now: Timestamp) -> Result<(), Failure> {
    sql!(
        "INSERT INTO webhook_delivery (webhook_id, position, attempts, next_attempt_at) \
         SELECT w.id, (SELECT coalesce(max(position), 0) FROM event), 0, ? FROM webhook w \
         WHERE NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = w.id)",
        now
    )
    .run(connection)?;
    Ok(())
}

/// Lets a webhook hear anew what lies after `position`, whoever is telling it at present.
pub(crate) fn move_delivery(
    connection: &mut dyn Session,
    webhook: WebhookId,
    position: i64,
    now: Timestamp,
) -> Result<(), Failure> {
    sql!(
        "UPDATE webhook_delivery SET position = ?, attempts = 0, next_attempt_at = ?, error = NULL WHERE webhook_id = ?",
        position,
        now,
        webhook.as_uuid()
    )
    .run(connection)?;
    Ok(())
}

/// Notes how far a webhook has been told; `false` if it is not at the position `read` any more.
pub(crate) fn note_delivery(connection: &mut dyn Session, delivery: &Delivery, read: i64) -> Result<bool, Failure> {
    let changed = sql!(
        "UPDATE webhook_delivery SET position = ?, attempts = ?, next_attempt_at = ?, error = ? \
         WHERE webhook_id = ? AND position = ?",
        delivery.position,
        delivery.attempts,
        delivery.next_attempt,
        delivery.error.clone(),
        delivery.webhook.as_uuid(),
        read
    )
    .run(connection)?;
    Ok(changed > 0)
}

pub(crate) fn load_secret(
    connection: &mut dyn Session,
    webhook: WebhookId,
) -> Result<Option<WebhookCredential>, Failure> {
    let found = sql!("SELECT secret FROM webhook_secret WHERE webhook_id = ?", webhook.as_uuid());
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(WebhookCredential { webhook, secret: row.parsed()? }))
}

pub(crate) fn set_secret(
    connection: &mut dyn Session,
    webhook: WebhookId,
    secret: &WebhookSecret,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO webhook_secret (webhook_id, secret) VALUES (?, ?) \
         ON CONFLICT (webhook_id) DO UPDATE SET secret = excluded.secret",
        webhook.as_uuid(),
        secret.expose()
    )
    .run(connection)?;
    Ok(())
}
