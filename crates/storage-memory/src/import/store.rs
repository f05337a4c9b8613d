//! Storing the records of a bundle in a copy of the tables, or comparing them with what was kept before.

use std::collections::BTreeSet;

use countersign_core::bundle::{Credential, Key, Numbers, Record, WebhookCredential};
use countersign_core::error::Invalid;
use countersign_core::event::{Chain, Channel, EventKind, NewEvent, StoredEvent, StreamId, StreamKind, state_data};
use countersign_core::repository::{ImportContext, NumberSpace, Result};
use serde_json::{Value, json};

use super::keys::Keys;
use crate::event;
use crate::tabled::Tabled;
use crate::tables::Tables;

/// What became of a record.
pub(super) enum Taken {
    Added,
    Unchanged,
    Refused(Invalid),
    Ignored,
}

/// The copy, and what of it is new.
pub(super) struct Store {
    pub(super) tables: Tables,
    pub(super) added: BTreeSet<StreamId>,
    /// Whether new records are left out, because the import will not land: what differs is still named.
    pub(super) compares_only: bool,
}

/// Compares what is kept with what the bundle says.
fn compare<T: PartialEq>(kept: &T, record: &T) -> Taken {
    if kept == record {
        Taken::Unchanged
    } else {
        Taken::Refused(Invalid::new("id", "is already stored with other content"))
    }
}

impl Store {
    pub(super) const fn new(tables: Tables) -> Self {
        Self { tables, added: BTreeSet::new(), compares_only: false }
    }

    pub(super) fn take(&mut self, keys: &Keys<'_>, record: &Record, context: &mut ImportContext) -> Result<Taken> {
        match record {
            Record::Header(_) => Ok(Taken::Ignored),
            Record::Numbers(numbers) => Ok(self.numbers(*numbers)),
            Record::Credential(credential) => self.credential(keys, credential, context),
            Record::WebhookSecret(credential) => self.secret(keys, credential, context),
            Record::Event(event) => Ok(self.event(keys, event)),
            Record::User(user) => self.aggregate(keys, context, user),
            Record::Group(group) => self.aggregate(keys, context, group),
            Record::ProfileTemplate(template) => self.aggregate(keys, context, template),
            Record::CatalogItem(item) => self.aggregate(keys, context, item),
            Record::ApprovalRule(rule) => self.aggregate(keys, context, rule),
            Record::RequestRule(rule) => self.aggregate(keys, context, rule),
            Record::Profile(profile) => self.aggregate(keys, context, profile),
            Record::Smartcard(card) => self.aggregate(keys, context, card),
            Record::Grant(grant) => self.aggregate(keys, context, grant),
            Record::Webhook(webhook) => self.aggregate(keys, context, webhook),
            Record::Request(request) => self.aggregate(keys, context, &**request),
        }
    }

    /// Compares an aggregate with the one that was kept, or stores it with a history: its events are in the
    /// bundle, or one event holds its whole state (decision 17).
    fn aggregate<T: Tabled>(&mut self, keys: &Keys<'_>, context: &mut ImportContext, state: &T) -> Result<Taken> {
        if let Some(kept) = T::table(keys.kept).get(state.id())? {
            return Ok(compare(&*kept, state));
        }
        if self.compares_only {
            return Ok(Taken::Ignored);
        }
        let stream = state.stream();
        if let Some((space, number)) = state.number() {
            self.tables.numbers.raise(space, number);
        }
        T::table_mut(&mut self.tables).put(state.clone());
        self.added.insert(stream);
        if keys.place(&Key::Stream(stream)).is_none() {
            self.happened(stream, EventKind::Imported, state_data(state), context)?;
        }
        Ok(Taken::Added)
    }

    /// The counters only ever grow.
    fn numbers(&mut self, numbers: Numbers) -> Taken {
        if self.compares_only {
            return Taken::Ignored;
        }
        let next = [
            (NumberSpace::Requests, numbers.requests.get()),
            (NumberSpace::Users, numbers.users.get()),
            (NumberSpace::CatalogItems, numbers.catalog_items.get()),
            (NumberSpace::Grants, numbers.grants.get()),
        ];
        let mut moved = false;
        for (space, next) in next {
            moved |= self.tables.numbers.raise(space, next - 1);
        }
        if moved { Taken::Added } else { Taken::Unchanged }
    }

    /// A password for a user who was there before is a change of that user: it has its event.
    fn credential(&mut self, keys: &Keys<'_>, record: &Credential, context: &mut ImportContext) -> Result<Taken> {
        if let Some(kept) = keys.kept.credentials.get(&record.user) {
            return Ok(compare(kept, &record.hash));
        }
        if self.compares_only {
            return Ok(Taken::Ignored);
        }
        self.tables.credentials.insert(record.user, record.hash.clone());
        let stream = StreamId { stream: StreamKind::User, id: record.user.as_uuid() };
        if keys.kept.users.has(stream.id) {
            self.happened(stream, EventKind::PasswordSet, json!({}), context)?;
        }
        Ok(Taken::Added)
    }

    /// So is a key for a webhook that was there before.
    fn secret(&mut self, keys: &Keys<'_>, record: &WebhookCredential, context: &mut ImportContext) -> Result<Taken> {
        if let Some(kept) = keys.kept.webhook_secrets.get(&record.webhook) {
            return Ok(compare(kept, &record.secret));
        }
        if self.compares_only {
            return Ok(Taken::Ignored);
        }
        self.tables.webhook_secrets.insert(record.webhook, record.secret.clone());
        let stream = StreamId { stream: StreamKind::Webhook, id: record.webhook.as_uuid() };
        if let Some(webhook) = keys.kept.webhooks.get(stream.id)? {
            self.happened(stream, EventKind::Changed, state_data(&*webhook), context)?;
        }
        Ok(Taken::Added)
    }

    /// The history of what the bundle brings, to the byte. Only the server's own streams may grow by an import.
    fn event(&mut self, keys: &Keys<'_>, record: &StoredEvent) -> Taken {
        let stream = record.stream_id();
        if let Some(kept) = keys.kept.events.at(stream, record.sequence) {
            return compare(kept, record);
        }
        let owned = stream.stream != StreamKind::Server;
        let has_history = owned && keys.kept.chains.contains_key(&stream);
        if owned && !self.added.contains(&stream) && (has_history || !self.compares_only) {
            let reason = "stands before its aggregate, or continues the history of one that was stored already";
            return Taken::Refused(Invalid::new("sequence", reason));
        }
        if self.compares_only {
            return Taken::Ignored;
        }
        let Chain { length, .. } = self.tables.chain(stream);
        if record.sequence != length + 1 {
            return Taken::Refused(Invalid::new("sequence", "does not continue the stored stream"));
        }
        self.tables.append(record.clone());
        Taken::Added
    }

    fn happened(&mut self, stream: StreamId, kind: EventKind, data: Value, context: &mut ImportContext) -> Result<()> {
        let new = NewEvent::seal(kind, context.now, None, Channel::Import, data, &mut *context.entropy);
        let placed = event::place(stream, self.tables.chain(stream), &[new])?;
        placed.into_iter().for_each(|placed| self.tables.append(placed));
        Ok(())
    }
}
