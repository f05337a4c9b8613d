//! What the native API prints of events.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::{NamedValue, Principal, Target};
use super::words::{Channel, EventKind, Status, StreamKind};

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeEvent)]
pub(super) struct Event {
    /// The place among all events; in the feed alone.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<i64>,
    /// What it belongs to …
    pub(super) stream: StreamKind,
    /// … and the GUID of that.
    pub(super) id: Uuid,
    /// The place among the events of that, from 1.
    pub(super) sequence: i64,
    /// When it happened.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// What kind of change it is.
    pub(super) kind: EventKind,
    /// Who made it; absent if the server did, or a program.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<Principal>,
    /// Through what it came in.
    pub(super) channel: Channel,
    /// The particulars, as the kind has them. Times are microseconds since 1970; personal values that
    /// were erased are null.
    #[schema(value_type = Object)]
    pub(super) data: Value,
}

/// A page of a request's events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeEventPage)]
pub(super) struct EventPage {
    /// The events, the oldest first.
    pub(super) items: Vec<Event>,
    /// The cursor of the next page; absent at the end.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeEventFeed)]
pub(super) struct EventFeed {
    /// The events, in the order of their commits.
    pub(super) items: Vec<Event>,
    /// What to send as `after` for what follows, and for what has not happened yet.
    pub(super) next: i64,
}

/// What is posted to a webhook.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    /// What names the delivery, however often it is tried.
    pub(super) id: String,
    /// The webhook.
    pub(super) webhook: Uuid,
    /// The place among all events.
    pub(super) position: i64,
    pub(super) stream: StreamKind,
    /// The GUID of what the event belongs to.
    pub(super) subject: Uuid,
    pub(super) sequence: i64,
    pub(super) at: String,
    pub(super) kind: EventKind,
    pub(super) actor: Option<Uuid>,
    pub(super) channel: Channel,
    /// The particulars, without personal values.
    pub(super) data: Value,
    /// The request as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<NotifiedRequest>,
}

impl Notification {
    /// What names the delivery.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// The request of an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotifiedRequest {
    pub(super) id: Uuid,
    pub(super) number: i64,
    pub(super) status: Status,
    pub(super) operation: &'static str,
    /// What is to be carried out, for webhooks that do.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<Work>,
}

/// What a webhook is to carry out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Work {
    pub(super) beneficiaries: Vec<Principal>,
    pub(super) targets: Vec<Target>,
    /// The profile template of a certificate request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<Uuid>,
    /// The answers to its questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) answers: Vec<NamedValue>,
    /// Where to say how it went.
    pub(super) callback: String,
}
