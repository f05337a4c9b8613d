//! What waits for the worker, and whom it tells.

use crate::clock::Timestamp;
use crate::event::StoredEvent;
use crate::ids::{GrantId, RequestId, UserId, WebhookId};

/// Something that waits for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A request with a deadline, or a start date, that has come.
    Request(RequestId),
    /// A parent whose children are over, while it is not.
    Parent(RequestId),
    /// A request whose dependency is over, while it still waits.
    Dependent(RequestId),
    /// A grant whose end has come.
    Grant(GrantId),
    /// An open task of a user who has left.
    Handover(UserId, RequestId),
}

/// An event at its place among all events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedEvent {
    /// The place: later commits have larger ones. Gaps are fine.
    pub position: i64,
    /// The event.
    pub event: StoredEvent,
}

/// How far a webhook has been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook.
    pub webhook: WebhookId,
    /// The position of the last event that it has heard.
    pub position: i64,
    /// How often the next one was tried in vain.
    pub attempts: i32,
    /// When the next try is due.
    pub next_attempt: Timestamp,
    /// What went wrong the last time.
    pub error: Option<String>,
}
