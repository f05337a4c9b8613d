//! The change that one decision makes, gathered piece by piece.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::event::{Channel, Entropy, EventKind, NewEvent, state_data};
use crate::ids::{Revision, UserId};
use crate::lifecycle::RequestEvent;
use crate::repository::{AggregateChange, Change};
use crate::request::Request;

/// A change under way, with who makes it, when and through what.
pub(super) struct Batch {
    pub(super) change: Change,
    pub(super) now: Timestamp,
    actor: Option<UserId>,
    channel: Channel,
    entropy: Box<dyn Entropy>,
}

impl Batch {
    pub(super) fn new(now: Timestamp, actor: Option<UserId>, channel: Channel, entropy: Box<dyn Entropy>) -> Self {
        Self { change: Change::default(), now, actor, channel, entropy }
    }

    /// Adds a request as `events` left it; gives it back with its new revision.
    pub(super) fn request(
        &mut self,
        expected: Option<Revision>,
        mut after: Request,
        events: &[RequestEvent],
    ) -> Request {
        after.revision = expected.map_or(Revision::FIRST, Revision::next);
        let events = events.iter().map(|event| self.event(event.kind(), event.data_at(after.revision))).collect();
        self.change.requests.push(AggregateChange { expected, state: after.clone(), events });
        after
    }

    /// An event that holds the whole state of an aggregate.
    pub(super) fn state_event(&mut self, new: bool, state: &impl Serialize) -> NewEvent {
        let kind = if new { EventKind::Created } else { EventKind::Changed };
        self.event(kind, state_data(state))
    }

    fn event(&mut self, kind: EventKind, data: serde_json::Value) -> NewEvent {
        NewEvent::seal(kind, self.now, self.actor, self.channel, data, &mut *self.entropy)
    }

    /// The requests of the change, as it leaves them.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.change.requests.iter().map(|change| change.state.clone()).collect()
    }
}
