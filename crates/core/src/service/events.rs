//! Reading what happened: one request's events, and those of everything.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::administration::check_administrator;
use super::{Names, Requests, ServiceError};
use crate::clock::Timestamp;
use crate::directory::Caller;
use crate::error::RepositoryError;
use crate::event::{Channel, EventKind, Hash, StoredEvent, StreamId, StreamKind};
use crate::ids::{PrincipalId, UserId};
use crate::repository::Repository;
use crate::request::RequestKey;

/// An event as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct EventView {
    /// Whose it is.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of change it is.
    pub kind: EventKind,
    /// Who made it; nobody, if the server did or a program.
    pub actor: Option<UserId>,
    /// Through what it came in.
    pub channel: Channel,
    /// The particulars.
    pub data: Value,
}

/// Events with the names of those who made them.
#[derive(Clone, Debug)]
pub struct EventListing<E> {
    /// The events, in order.
    pub events: Vec<E>,
    /// The names of whoever made them.
    pub names: Names,
    /// After which place more follow; `None` at the end.
    pub next: Option<i64>,
}

/// What becomes of personal values in an event that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Personal {
    /// They are put back; what was erased is null.
    PutBack,
    /// Their members are left out.
    LeftOut,
}

/// Reads events.
#[derive(Clone)]
pub struct Events {
    repository: Arc<dyn Repository>,
    requests: Requests,
}

impl Events {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { requests: Requests::new(Arc::clone(&repository)), repository }
    }

    /// The events of a request that the caller may see, after the given sequence number.
    pub async fn of_request(
        &self,
        caller: &Caller,
        key: RequestKey,
        after: i64,
        limit: usize,
    ) -> Result<EventListing<EventView>, ServiceError> {
        let stored = self.repository.request_by(key).await?;
        let stored = stored.ok_or(ServiceError::NotFound)?;
        self.requests.check_oig(caller, &stored).await?;
        let stream = StreamId { stream: StreamKind::Request, id: stored.id.as_uuid() };
        let found = self.repository.events(stream, after, limit.saturating_add(1)).await?;
        let next =
            if found.len() > limit { found.get(limit.saturating_sub(1)).map(|event| event.sequence) } else { None };
        let events = found.iter().take(limit).map(|event| opened(event, Personal::PutBack));
        let events = events.collect::<Result<Vec<_>, _>>()?;
        Ok(EventListing { names: self.names(caller, &events).await?, events, next })
    }

    /// The events of everything after a position, each with its own: for administrators.
    pub async fn feed(
        &self,
        caller: &Caller,
        after: i64,
        limit: usize,
    ) -> Result<EventListing<(i64, EventView)>, ServiceError> {
        check_administrator(&*self.repository, caller).await?;
        let found = self.repository.event_feed(after, limit).await?;
        let next = found.last().map(|placed| placed.position);
        let events = found.iter().map(|placed| Ok((placed.position, opened(&placed.event, Personal::PutBack)?)));
        let events = events.collect::<Result<Vec<_>, RepositoryError>>()?;
        let names = self.names(caller, events.iter().map(|(_, event)| event)).await?;
        Ok(EventListing { events, names, next })
    }

    async fn names(
        &self,
        caller: &Caller,
        events: impl IntoIterator<Item = &EventView>,
    ) -> Result<Names, RepositoryError> {
        let mut actors: Vec<PrincipalId> =
            events.into_iter().filter_map(|event| event.actor.map(PrincipalId::from)).collect();
        actors.sort_unstable();
        actors.dedup();
        Ok(self.repository.principal_names(&actors, Some(caller.directory)).await?.into_iter().collect())
    }
}

/// What an event's bytes say.
#[derive(Deserialize)]
struct Body {
    actor: Option<UserId>,
    channel: Channel,
    data: Value,
    kind: EventKind,
}

/// The event as it is read.
pub(super) fn opened(event: &StoredEvent, personal: Personal) -> Result<EventView, RepositoryError> {
    let body = serde_json::from_str::<Body>(&event.bytes);
    let Body { actor, channel, mut data, kind } = body.map_err(|error| {
        let stream = event.stream.name();
        RepositoryError::Damaged(format!("event {} of {stream} {} cannot be read: {error}", event.sequence, event.id))
    })?;
    if personal == Personal::PutBack {
        for sealed in &event.sealed {
            if let Some(place) = data.pointer_mut(&sealed.pointer) {
                *place = sealed.value.clone();
            }
        }
    }
    without_digests(&mut data, personal);
    Ok(EventView { stream: event.stream_id(), sequence: event.sequence, at: event.at, kind, actor, channel, data })
}

/// Takes out the digests that stand in the place of personal values.
fn without_digests(value: &mut Value, personal: Personal) {
    match value {
        Value::Object(members) => {
            if personal == Personal::LeftOut {
                members.retain(|_, member| !is_digest(member));
            }
            for (_, member) in members.iter_mut() {
                if is_digest(member) {
                    *member = Value::Null;
                } else {
                    without_digests(member, personal);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| without_digests(element, personal)),
        _ => {}
    }
}

fn is_digest(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    members.len() == 1 && members.get("sealed").is_some_and(|digest| Hash::deserialize(digest).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{Entropy, NewEvent};

    struct Fixed;

    impl Entropy for Fixed {
        fn bytes(&mut self) -> [u8; 16] {
            [7; 16]
        }
    }

    fn stored(data: Value) -> StoredEvent {
        let at = Timestamp::from_micros(1_436_312_181_930_000).unwrap();
        let event = NewEvent::seal(EventKind::Voted, at, None, Channel::Oig, data, &mut Fixed);
        StoredEvent {
            stream: StreamKind::Request,
            id: uuid::Uuid::from_u128(1),
            sequence: 4,
            at,
            format: crate::event::FORMAT,
            bytes: String::from_utf8(event.bytes).unwrap(),
            hash: Hash::ZERO,
            sealed: event.sealed,
        }
    }

    fn data() -> Value {
        json!({"task": "t", "vote": {"comment": "fine", "outcome": "approve"}, "form": [{"name": "a", "value": "b"}]})
    }

    #[test]
    fn personal_values_are_put_back_where_they_stood() {
        let view = opened(&stored(data()), Personal::PutBack).unwrap();
        assert_eq!((view.kind, view.channel, view.sequence), (EventKind::Voted, Channel::Oig, 4));
        assert_eq!(view.data, data());
    }

    #[test]
    fn what_was_erased_is_null() {
        let mut event = stored(data());
        event.sealed.retain(|sealed| sealed.pointer != "/vote/comment");
        let mut expected = data();
        expected["vote"]["comment"] = Value::Null;
        assert_eq!(opened(&event, Personal::PutBack).unwrap().data, expected);
    }

    #[test]
    fn without_personal_values_their_members_are_not_there() {
        let expected = json!({"task": "t", "vote": {"outcome": "approve"}, "form": [{"name": "a"}]});
        assert_eq!(opened(&stored(data()), Personal::LeftOut).unwrap().data, expected);
    }
}
