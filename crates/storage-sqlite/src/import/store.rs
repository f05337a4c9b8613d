//! Storing the records of a bundle, or comparing them with what is stored.

use countersign_core::bundle::{Credential, Key, KeyIndex, Numbers, Record};
use countersign_core::error::Invalid;
use countersign_core::event::{Chain, Channel, EventKind, NewEvent, StoredEvent, StreamId, StreamKind, state_data};
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;
use diesel::sqlite::SqliteConnection;
use serde_json::json;

use super::keys::Keys;
use crate::error::Failure;
use crate::{catalog, derived, directory, event, number, profile, request, template};

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
        let place = |keys, context, stream, id| Place { keys, context, stream: StreamId { stream, id } };
        match record {
            Record::Header(_) => Ok(Taken::Ignored),
            Record::Numbers(numbers) => self.take_numbers(keys.connection, numbers),
            Record::Credential(credential) => self.take_credential(keys, credential, context),
            Record::Event(event) => self.take_event(keys, event),
            Record::User(user) => self.aggregate(
                place(keys, context, StreamKind::User, user.id.as_uuid()),
                user,
                |connection| directory::load_user(connection, user.id),
                |connection| directory::insert_user(connection, user),
            ),
            Record::Group(group) => self.aggregate(
                place(keys, context, StreamKind::Group, group.id.as_uuid()),
                group,
                |connection| directory::load_group(connection, group.id),
                |connection| directory::insert_group(connection, group),
            ),
            Record::ProfileTemplate(template) => self.aggregate(
                place(keys, context, StreamKind::Template, template.id.as_uuid()),
                template,
                |connection| template::load_template(connection, template.id),
                |connection| template::insert_template(connection, template),
            ),
            Record::CatalogItem(item) => self.aggregate(
                place(keys, context, StreamKind::CatalogItem, item.id.as_uuid()),
                item,
                |connection| catalog::load_item(connection, item.id),
                |connection| catalog::insert_item(connection, item),
            ),
            Record::Profile(profile) => self.aggregate(
                place(keys, context, StreamKind::Profile, profile.id.as_uuid()),
                profile,
                |connection| profile::load_profile(connection, profile.id),
                |connection| profile::insert_profile(connection, profile),
            ),
            Record::Smartcard(card) => self.aggregate(
                place(keys, context, StreamKind::Smartcard, card.id.as_uuid()),
                card,
                |connection| profile::load_smartcard(connection, card.id),
                |connection| profile::insert_smartcard(connection, card),
            ),
            Record::Request(request) => {
                let administrators = self.administrators;
                self.aggregate(
                    place(keys, context, StreamKind::Request, request.id.as_uuid()),
                    &**request,
                    |connection| request::load_request(connection, request.id),
                    |connection| {
                        request::insert_request(connection, request)?;
                        derived::insert(connection, request, administrators)
                    },
                )
            }
        }
    }

    /// Compares an aggregate with the stored one, or stores it with a history: its events are in
    /// the bundle, or one event holds its whole state (decision 17).
    fn aggregate<T: PartialEq + serde::Serialize>(
        &self,
        place: Place<'_, '_>,
        state: &T,
        load: impl FnOnce(&mut SqliteConnection) -> Result<Option<T>, Failure>,
        store: impl FnOnce(&mut SqliteConnection) -> Result<(), Failure>,
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
    fn take_numbers(&self, connection: &mut SqliteConnection, numbers: &Numbers) -> Result<Taken, Failure> {
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let mut moved = false;
        for (space, next) in [
            (number::REQUESTS, numbers.requests.get()),
            (number::USERS, numbers.users.get()),
            (number::CATALOG_ITEMS, numbers.catalog_items.get()),
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
        if let Some(stored) = directory::load_credential(keys.connection, record.user)? {
            return Ok(compare(&stored, record));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        let user = StreamId { stream: StreamKind::User, id: record.user.as_uuid() };
        let before = keys.stored_holder(&Key::User(user.id))?.is_some() && !keys.is_added(user)?;
        directory::set_credential(keys.connection, record.user, &record.hash)?;
        if before {
            append(keys.connection, user, EventKind::PasswordSet, json!({}), context)?;
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
        event::insert(keys.connection, record)?;
        event::set_chain(keys.connection, stream, Chain { length: record.sequence, head: record.hash })?;
        Ok(Taken::Added)
    }
}

fn append(
    connection: &mut SqliteConnection,
    stream: StreamId,
    kind: EventKind,
    data: serde_json::Value,
    context: &mut ImportContext,
) -> Result<(), Failure> {
    let event = NewEvent::seal(kind, context.now, None, Channel::Import, data, &mut *context.entropy);
    event::append(connection, stream, &[event])
}
