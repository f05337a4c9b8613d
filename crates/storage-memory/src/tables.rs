//! Everything that is kept.

use std::collections::BTreeMap;

use countersign_core::audit::Checkpoint;
use countersign_core::bundle::Key;
use countersign_core::catalog::CatalogItem;
use countersign_core::directory::{Group, PasswordHash, User};
use countersign_core::event::{Chain, StoredEvent, StreamId, StreamKind};
use countersign_core::grant::Grant;
use countersign_core::ids::{UserId, WebhookId};
use countersign_core::profile::{Profile, Smartcard};
use countersign_core::repository::Delivery;
use countersign_core::request::Request;
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::{Webhook, WebhookSecret};

use crate::derived::Derivations;
use crate::event::Events;
use crate::idempotency::{Promise, PromiseKey};
use crate::lease::Lease;
use crate::number::Counters;
use crate::table::Table;

/// Everything that is kept. [`crate::Store::edit`] gives it to tests that go past the port.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The users.
    pub users: Table<User>,
    /// Their password hashes.
    pub credentials: BTreeMap<UserId, PasswordHash>,
    /// The groups.
    pub groups: Table<Group>,
    /// The profile templates.
    pub templates: Table<ProfileTemplate>,
    /// The catalog items.
    pub catalog_items: Table<CatalogItem>,
    /// The approval rules.
    pub approval_rules: Table<ApprovalRule>,
    /// The request rules.
    pub request_rules: Table<RequestRule>,
    /// The profiles.
    pub profiles: Table<Profile>,
    /// The smart cards.
    pub smartcards: Table<Smartcard>,
    /// The requests.
    pub requests: Table<Request>,
    /// The grants.
    pub grants: Table<Grant>,
    /// The webhooks.
    pub webhooks: Table<Webhook>,
    /// Their keys.
    pub webhook_secrets: BTreeMap<WebhookId, WebhookSecret>,
    /// How far each has been told.
    pub deliveries: BTreeMap<WebhookId, Delivery>,
    /// The events.
    pub events: Events,
    /// The ends of their chains.
    pub chains: BTreeMap<StreamId, Chain>,
    /// The checkpoints, by their sequence numbers.
    pub checkpoints: BTreeMap<i64, Checkpoint>,
    /// What is derived from users and requests.
    pub derived: Derivations,
    /// The numbers that come next.
    pub numbers: Counters,
    /// What was done under idempotency keys.
    pub idempotency: BTreeMap<PromiseKey, Promise>,
    /// Who does the work of a name, until when.
    pub leases: BTreeMap<String, Lease>,
    /// How often readiness was asked for.
    pub readiness: u64,
}

impl Tables {
    /// Whose the key is.
    pub(crate) fn owner(&self, key: &Key) -> Option<StreamId> {
        let of = |stream, id: Option<uuid::Uuid>| id.map(|id| StreamId { stream, id });
        match key {
            Key::Principal(_) => {
                of(StreamKind::User, self.users.holder(key)).or_else(|| of(StreamKind::Group, self.groups.holder(key)))
            }
            Key::User(_) | Key::UserNumber(_) | Key::Login(_) => of(StreamKind::User, self.users.holder(key)),
            Key::Group(_) | Key::GroupName(_) | Key::Administrators => of(StreamKind::Group, self.groups.holder(key)),
            Key::Credential(id) => {
                let held = self.credentials.contains_key(&UserId::from(*id));
                of(StreamKind::User, held.then_some(*id))
            }
            Key::Template(_) => of(StreamKind::Template, self.templates.holder(key)),
            Key::CatalogItem(_) | Key::CatalogNumber(_) | Key::Entity(..) => {
                of(StreamKind::CatalogItem, self.catalog_items.holder(key))
            }
            Key::ApprovalRule(_) => of(StreamKind::Policy, self.approval_rules.holder(key)),
            Key::RequestRule(_) => of(StreamKind::RequestRule, self.request_rules.holder(key)),
            Key::Profile(_) => of(StreamKind::Profile, self.profiles.holder(key)),
            Key::Smartcard(_) => of(StreamKind::Smartcard, self.smartcards.holder(key)),
            Key::Request(_) | Key::RequestNumber(_) | Key::Parent(_) | Key::Child(..) | Key::Task(_) => {
                of(StreamKind::Request, self.requests.holder(key))
            }
            Key::Grant(_) | Key::GrantNumber(_) | Key::Held(..) => of(StreamKind::Grant, self.grants.holder(key)),
            Key::Webhook(_) => of(StreamKind::Webhook, self.webhooks.holder(key)),
            Key::WebhookSecret(id) => {
                let held = self.webhook_secrets.contains_key(&WebhookId::from(*id));
                of(StreamKind::Webhook, held.then_some(*id))
            }
            // Whether a stream is kept is asked event by event.
            Key::Stream(_) => None,
        }
    }

    /// The end of a stream's chain.
    pub(crate) fn chain(&self, stream: StreamId) -> Chain {
        self.chains.get(&stream).copied().unwrap_or(Chain::EMPTY)
    }

    /// Puts an event at the end of its chain and of all events.
    pub(crate) fn append(&mut self, event: StoredEvent) {
        self.chains.insert(event.stream_id(), Chain { length: event.sequence, head: event.hash });
        self.events.push(event);
    }
}
