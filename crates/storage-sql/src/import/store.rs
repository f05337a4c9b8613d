//! Storing the records of a bundle, or comparing them with what is stored.

use countersign_core::bundle::{Credential, Key, KeyIndex, Numbers, Record, WebhookCredential};
use countersign_core::error::Invalid;
use countersign_core::event::{Chain, Channel, EventKind, NewEvent, StoredEvent, StreamId, StreamKind, state_data};
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;
use countersign_core::webhook::Webhook;
use serde::Serialize;
use serde_json::json;

use super::keys::Keys;
use crate::aggregate::Aggregate;
use crate::closing::Closing;
use crate::error::Failure;
use crate::session::Session;
use crate::{derived, event, number, request, user, webhook};

/// What became of a record.
pub(super) enum Taken {
    Added,
    Unchanged,
    Refused(Invalid),
    Ignored,
}

pub(super) struct Store {
    pub(super) administrators: Option<GroupId>,
    /// Whether new records are compared only, because the import will not land.
    pub(super) refuses: bool,
}

fn differs() -> Taken {
    Taken::Refused(Invalid::new("id", "is already stored with other content"))
}

/// Compares a stored value with the one in the bundle.
fn compare<T: PartialEq>(stored: &T, record: &T) -> Taken {
    if stored == record { Taken::Unchanged } else { differs() }
}

/// What storing a new aggregate needs besides the aggregate.
struct Place<'a, 'b> {
    keys: &'a mut Keys<'b>,
    context: &'a mut ImportContext,
    stream: StreamId,
}

impl Store {
    pub(super) fn take(
        &self,
        keys: &mut Keys<'_>,
        record: &Record,
        context: &mut ImportContext,
    ) -> Result<Taken, Failure> {
        match record {
            Record::Header(_) => Ok(Taken::Ignored),
            Record::Numbers(numbers) => self.take_numbers(keys.connection, numbers),
            Record::Credential(credential) => self.take_credential(keys, credential, context),
            Record::WebhookSecret(credential) => self.take_secret(keys, credential, context),
            Record::Event(event) => self.take_event(keys, event),
            Record::User(user) => self.take_aggregate(keys, context, user),
            Record::Group(group) => self.take_aggregate(keys, context, group),
            Record::ProfileTemplate(template) => self.take_aggregate(keys, context, template),
            Record::CatalogItem(item) => self.take_aggregate(keys, context, item),
            Record::ApprovalRule(rule) => self.take_aggregate(keys, context, rule),
            Record::RequestRule(rule) => self.take_aggregate(keys, context, rule),
            Record::Profile(profile) => self.take_aggregate(keys, context, profile),
            Record::Smartcard(card) => self.take_aggregate(keys, context, card),
            Record::Grant(grant) => self.take_aggregate(keys, context, grant),
            Record::Webhook(webhook) => self.take_aggregate(keys, context, webhook),
            Record::Request(request) => {
                let administrators = self.administrators;
                let stream = StreamId { stream: StreamKind::Request, id: request.id.as_uuid() };
                self.aggregate(
                    Place { keys, context, stream },
                    &**request,
                    |connection| request::load_request(connection, request.id),
                    |connection| {
                        request::insert_request(connection, request, Chain::EMPTY)?;
                        let mut closing = Closing::default();
                        derived::insert(connection, &mut closing, request, administrators)?;
                        closing.write(connection)
                    },
                )
            }
        }
    }

    fn take_aggregate<T: Aggregate + PartialEq + Serialize>(
        &self,
        keys: &mut Keys<'_>,
        context: &mut ImportContext,
        state: &T,
    ) -> Result<Taken, Failure> {
        self.aggregate(
            Place { keys, context, stream: state.stream() },
            state,
            |connection| T::load(connection, state.key()),
            |connection| {
                state.claim(connection)?;
                state.insert(connection)
            },
        )
    }

    /// Compares an aggregate with the stored one, or stores it with a history: its events are in
    /// the bundle, or one event holds its whole state (decision 17).
    fn aggregate<T: PartialEq + Serialize>(
        &self,
        place: Place<'_, '_>,
        state: &T,
        load: impl FnOnce(&mut dyn Session) -> Result<Option<T>, Failure>,
        store: impl FnOnce(&mut dyn Session) -> Result<(), Failure>,
    ) -> Result<Taken, Failure> {
        let Place { keys, context, stream } = place;
        if let Some(stored) = load(keys.connection)? {
            return Ok(compare(&stored, state));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        store(keys.connection)?;
        keys.note_added(stream)?;
        if !keys.is_claimed(&Key::Stream(stream))? {
            append(keys.connection, stream, EventKind::Imported, state_data(state), context)?;
        }
        Ok(Taken::Added)
    }

    /// The counters only ever grow.
    fn take_numbers(&self, connection: &mut dyn Session, numbers: &Numbers) -> Result<Taken, Failure> {
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let mut moved = false;
        for (space, next) in [
            (number::REQUESTS, numbers.requests.get()),
            (number::USERS, numbers.users.get()),
            (number::CATALOG_ITEMS, numbers.catalog_items.get()),
            (number::GRANTS, numbers.grants.get()),
        ] {
            moved |= number::raise(connection, space, next - 1)?;
        }
        Ok(if moved { Taken::Added } else { Taken::Unchanged })
    }

    /// A password for a user who was there before is a change of that user: it has its event.
    fn take_credential(
        &self,
        keys: &mut Keys<'_>,
        record: &Credential,
        context: &mut ImportContext,
    ) -> Result<Taken, Failure> {
        if let Some(stored) = user::load_credential(keys.connection, record.user)? {
            return Ok(compare(&stored, record));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let stream = StreamId { stream: StreamKind::User, id: record.user.as_uuid() };
        let before = keys.stored_holder(&Key::User(stream.id))?.is_some() && !keys.is_added(stream)?;
        user::set_credential(keys.connection, record.user, &record.hash)?;
        if before {
            append(keys.connection, stream, EventKind::PasswordSet, json!({}), context)?;
        }
        Ok(Taken::Added)
    }

    /// So is a key for a webhook that was there before.
    fn take_secret(
        &self,
        keys: &mut Keys<'_>,
        record: &WebhookCredential,
        context: &mut ImportContext,
    ) -> Result<Taken, Failure> {
        if let Some(stored) = webhook::load_secret(keys.connection, record.webhook)? {
            return Ok(compare(&stored, record));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let stream = StreamId { stream: StreamKind::Webhook, id: record.webhook.as_uuid() };
        webhook::set_secret(keys.connection, record.webhook, &record.secret)?;
        if let Some(webhook) = Webhook::load(keys.connection, stream.id)?
            && !keys.is_added(stream)?
        {
            append(keys.connection, stream, EventKind::Changed, state_data(&webhook), context)?;
        }
        Ok(Taken::Added)
    }

    fn take_event(&self, keys: &mut Keys<'_>, record: &StoredEvent) -> Result<Taken, Failure> {
        let stream = record.stream_id();
        if let Some(stored) = event::at(keys.connection, stream, record.sequence)? {
            return Ok(compare(&stored, record));
        }
        let owned = stream.stream != StreamKind::Server;
        let stored = owned && event::chain(keys.connection, stream)?.length > 0;
        if owned && !keys.is_added(stream)? && (stored || !self.refuses) {
            let reason = "stands before its aggregate, or continues the history of one that was stored already";
            return Ok(Taken::Refused(Invalid::new("sequence", reason)));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let end = event::chain(keys.connection, stream)?;
        if record.sequence != end.length + 1 {
            return Ok(Taken::Refused(Invalid::new("sequence", "does not continue the stored stream")));
        }
        event::insert(keys.connection, std::slice::from_ref(record), &[])?;
        event::set_chain(keys.connection, stream, Chain { length: record.sequence, head: record.hash })?;
        Ok(Taken::Added)
    }
}

fn append(
    connection: &mut dyn Session,
    stream: StreamId,
    kind: EventKind,
    data: serde_json::Value,
    context: &mut ImportContext,
) -> Result<(), Failure> {
    let event = NewEvent::seal(kind, context.now, None, Channel::Import, data, &mut *context.entropy);
    let placed = event::append(connection, stream, &[event])?;
    event::insert(connection, &placed, &[])
}
