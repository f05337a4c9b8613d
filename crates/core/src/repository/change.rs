//! What one decision changes, and what becomes of it.

use std::collections::BTreeSet;

use crate::catalog::CatalogItem;
use crate::clock::Timestamp;
use crate::directory::{Group, PasswordHash, User};
use crate::event::NewEvent;
use crate::grant::Grant;
use crate::ids::{Revision, UserId};
use crate::profile::{Profile, Smartcard};
use crate::request::Request;
use crate::rule::{ApprovalRule, RequestRule};
use crate::template::ProfileTemplate;
use crate::webhook::{Webhook, WebhookSecret};

/// An aggregate's new state, and what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateChange<T> {
    /// The revision that was read; `None` for a new aggregate.
    pub expected: Option<Revision>,
    /// The new state. Its `revision` must be the expected one's next.
    pub state: T,
    /// What happened; at least one event.
    pub events: Vec<NewEvent>,
}

/// A user's change, with the password that may come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// The user's new state.
    pub user: AggregateChange<User>,
    /// A new password hash; `None` leaves the old one.
    pub password: Option<PasswordHash>,
}

/// A webhook's change, with the key that may come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookChange {
    /// The webhook's new state.
    pub webhook: AggregateChange<Webhook>,
    /// A new key; `None` leaves the old one. A new webhook needs one.
    pub secret: Option<WebhookSecret>,
    /// After which position of the feed it is told anew; `None` leaves it where it is.
    pub position: Option<i64>,
}

/// An aggregate of which every commit counts up the revision.
pub trait Revised {
    /// How many commits it has seen.
    fn revision(&self) -> Revision;
}

macro_rules! revised {
    ($($aggregate:ty),+ $(,)?) => {$(
        impl Revised for $aggregate {
            fn revision(&self) -> Revision {
                self.revision
            }
        }
    )+};
}

revised!(
    ApprovalRule,
    CatalogItem,
    Grant,
    Group,
    Profile,
    ProfileTemplate,
    Request,
    RequestRule,
    Smartcard,
    User,
    Webhook,
);

impl<T: Revised> AggregateChange<T> {
    /// A new aggregate.
    pub fn new(state: T, events: Vec<NewEvent>) -> Self {
        Self { expected: None, state, events }
    }

    fn defect(&self) -> Option<&'static str> {
        if self.events.is_empty() {
            Some("a change came without its event")
        } else if self.state.revision() != self.expected.map_or(Revision::FIRST, Revision::next) {
            Some("a change came with a revision that does not follow from the expected one")
        } else {
            None
        }
    }
}

impl WebhookChange {
    fn defect(&self) -> Option<&'static str> {
        let keyless = self.webhook.expected.is_none() && self.secret.is_none();
        self.webhook.defect().or(keyless.then_some("a new webhook came without its key"))
    }
}

/// The promise that a call which is sent again has one effect (decision 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Who called.
    pub caller: UserId,
    /// The operation's id.
    pub operation: String,
    /// The caller's key.
    pub key: String,
    /// The element of a bulk call; 0 otherwise.
    pub element: i32,
    /// SHA-256 of the parsed command.
    pub command: [u8; 32],
    /// What to answer when the call is sent again.
    pub result: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// Everything that one decision changes. It lands whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The requests that it touches, each once.
    pub requests: Vec<AggregateChange<Request>>,
    /// The profiles that it touches.
    pub profiles: Vec<AggregateChange<Profile>>,
    /// The smart cards that it touches.
    pub smartcards: Vec<AggregateChange<Smartcard>>,
    /// The grants that it touches.
    pub grants: Vec<AggregateChange<Grant>>,
    /// The users that it touches.
    pub users: Vec<UserChange>,
    /// The groups that it touches.
    pub groups: Vec<AggregateChange<Group>>,
    /// The profile templates that it touches.
    pub templates: Vec<AggregateChange<ProfileTemplate>>,
    /// The catalog items that it touches.
    pub catalog_items: Vec<AggregateChange<CatalogItem>>,
    /// The approval rules that it touches.
    pub approval_rules: Vec<AggregateChange<ApprovalRule>>,
    /// The request rules that it touches.
    pub request_rules: Vec<AggregateChange<RequestRule>>,
    /// The webhooks that it touches.
    pub webhooks: Vec<WebhookChange>,
    /// The promise to keep, if the caller asked for one.
    pub idempotency: Option<Idempotency>,
}

impl Change {
    /// Whose doing it is: usually one user's, or nobody's.
    pub fn writers(&self) -> BTreeSet<UserId> {
        fn of<T>(changes: &[AggregateChange<T>]) -> impl Iterator<Item = &NewEvent> {
            changes.iter().flat_map(|change| &change.events)
        }
        let users = self.users.iter().flat_map(|change| &change.user.events);
        let webhooks = self.webhooks.iter().flat_map(|change| &change.webhook.events);
        let rules = of(&self.approval_rules).chain(of(&self.request_rules));
        let items = of(&self.templates).chain(of(&self.catalog_items));
        let held = of(&self.profiles).chain(of(&self.smartcards)).chain(of(&self.grants));
        let all = of(&self.requests).chain(held).chain(users).chain(of(&self.groups));
        all.chain(items).chain(rules).chain(webhooks).filter_map(|event| event.actor).collect()
    }

    /// Whether it changes requests, and nothing else.
    pub fn is_of_requests(&self) -> bool {
        let Self {
            requests,
            profiles,
            smartcards,
            grants,
            users,
            groups,
            templates,
            catalog_items,
            approval_rules,
            request_rules,
            webhooks,
            idempotency: _,
        } = self;
        let others = [
            profiles.len(),
            smartcards.len(),
            grants.len(),
            users.len(),
            groups.len(),
            templates.len(),
            catalog_items.len(),
            approval_rules.len(),
            request_rules.len(),
            webhooks.len(),
        ];
        !requests.is_empty() && others == [0; 10]
    }

    /// What every adapter must refuse before it writes: a change without an event, or with a
    /// revision that does not follow from the one that it was decided on.
    pub fn defect(&self) -> Option<&'static str> {
        fn of<T: Revised>(changes: &[AggregateChange<T>]) -> Option<&'static str> {
            changes.iter().find_map(AggregateChange::defect)
        }
        of(&self.requests)
            .or_else(|| of(&self.profiles))
            .or_else(|| of(&self.smartcards))
            .or_else(|| of(&self.grants))
            .or_else(|| self.users.iter().find_map(|change| change.user.defect()))
            .or_else(|| of(&self.groups))
            .or_else(|| of(&self.templates))
            .or_else(|| of(&self.catalog_items))
            .or_else(|| of(&self.approval_rules))
            .or_else(|| of(&self.request_rules))
            .or_else(|| self.webhooks.iter().find_map(WebhookChange::defect))
    }
}

/// What became of a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It landed.
    Committed,
    /// Something it was decided on has changed, or a name or number is taken: load and decide again.
    Conflict,
    /// The idempotency key was used before.
    Duplicate {
        /// SHA-256 of the command that used it.
        command: [u8; 32],
        /// The result of that command.
        result: Vec<u8>,
    },
}

/// A space of numbers (decision 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSpace {
    /// Request numbers.
    Requests,
    /// User numbers.
    Users,
    /// Integer catalog ids.
    CatalogItems,
    /// Grant numbers: account ids.
    Grants,
}
