//! What webhooks are told: the feed, one event at a time, as far as each of them hears it.

use std::sync::Arc;

use super::events::{EventView, Personal, opened};
use super::workflow::is_programs;
use super::{Names, Requests, ServiceError};
use crate::catalog::FulfilmentMethod;
use crate::error::RepositoryError;
use crate::event::{EventKind, StreamKind};
use crate::ids::{RequestId, WebhookId};
use crate::repository::{Delivery, PlacedEvent, Repository};
use crate::request::Request;
use crate::webhook::{Webhook, WebhookPurpose, WebhookSecret};

/// What a webhook is told of one event.
#[derive(Clone, Debug)]
pub struct Message {
    /// The event's place in the feed.
    pub position: i64,
    /// The event, without personal values.
    pub event: EventView,
    /// The request whose event it is, as it is now.
    pub request: Option<Request>,
    /// Who it is for, where the webhook is to carry the request out.
    pub work: Option<Names>,
}

/// Gives out what webhooks are to be told.
#[derive(Clone)]
pub struct Outbox {
    repository: Arc<dyn Repository>,
    requests: Requests,
    fulfilment: FulfilmentMethod,
}

impl Outbox {
    /// The service over `repository`. `fulfilment` is how certificates are carried out.
    pub fn new(repository: Arc<dyn Repository>, fulfilment: FulfilmentMethod) -> Self {
        Self { requests: Requests::new(Arc::clone(&repository)), repository, fulfilment }
    }

    /// The webhooks that are told, each with how far it has been.
    pub async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>, ServiceError> {
        let webhooks = self.repository.webhooks().await?;
        Ok(webhooks.into_iter().filter(|(webhook, _)| webhook.enabled).collect())
    }

    /// At most `limit` events after `position`.
    pub async fn after(&self, position: i64, limit: usize) -> Result<Vec<PlacedEvent>, ServiceError> {
        Ok(self.repository.event_feed(position, limit).await?)
    }

    /// What `webhook` is told of an event; `None` if it does not hear of it.
    pub async fn message(&self, webhook: &Webhook, placed: &PlacedEvent) -> Result<Option<Message>, ServiceError> {
        if !webhook.streams.is_empty() && !webhook.streams.contains(&placed.event.stream) {
            return Ok(None);
        }
        let event = opened(&placed.event, Personal::LeftOut)?;
        let position = placed.position;
        let request = match event.stream.stream {
            StreamKind::Request => self.request(event.stream.id.into()).await?,
            _ => None,
        };
        if webhook.purpose == WebhookPurpose::Notify {
            return Ok(Some(Message { position, event, request, work: None }));
        }
        // What is over meanwhile needs nobody to carry it out.
        let begins = matches!(event.kind, EventKind::Begun | EventKind::Retried);
        let Some(request) = request.filter(|request| begins && is_programs(request, self.fulfilment)) else {
            return Ok(None);
        };
        let names = self.requests.names_in(std::slice::from_ref(&request), None).await?;
        Ok(Some(Message { position, event, request: Some(request), work: Some(names) }))
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, RepositoryError> {
        let stored = self.repository.request(id).await?;
        stored.map(|stored| stored.document.request()).transpose()
    }

    /// The key with which deliveries to the webhook are signed.
    pub async fn secret(&self, webhook: WebhookId) -> Result<Option<WebhookSecret>, ServiceError> {
        Ok(self.repository.webhook_secret(webhook).await?)
    }

    /// Notes how far a webhook has been told; `false` if somebody else has moved it since it was
    /// at the position `read`.
    pub async fn note(&self, delivery: &Delivery, read: i64) -> Result<bool, ServiceError> {
        Ok(self.repository.note_delivery(delivery, read).await?)
    }
}
