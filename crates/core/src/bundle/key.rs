//! Keys that at most one record may hold, and that others refer to.

use uuid::Uuid;

use crate::catalog::{EntityKey, EntityType};
use crate::error::RepositoryError;
use crate::event::StreamId;
use crate::ids::{CatalogNumber, GrantNumber, RequestNumber, UserNumber};

/// A key that at most one record may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A user or group: one GUID, one principal.
    Principal(Uuid),
    /// A user; held beside [`Key::Principal`], so that a reference can insist on a user.
    User(Uuid),
    /// A group; held beside [`Key::Principal`], so that a user cannot take its place.
    Group(Uuid),
    /// A user's number.
    UserNumber(UserNumber),
    /// A user's login, folded.
    Login(String),
    /// A user's password hash.
    Credential(Uuid),
    /// A group's name, folded.
    GroupName(String),
    /// The group of administrators.
    Administrators,
    /// A profile template.
    Template(Uuid),
    /// A catalog item.
    CatalogItem(Uuid),
    /// An integer catalog id.
    CatalogNumber(CatalogNumber),
    /// An entity of the catalog.
    Entity(EntityType, EntityKey),
    /// An approval rule.
    ApprovalRule(Uuid),
    /// A request rule.
    RequestRule(Uuid),
    /// A profile.
    Profile(Uuid),
    /// A smart card.
    Smartcard(Uuid),
    /// A request.
    Request(Uuid),
    /// A request's number.
    RequestNumber(RequestNumber),
    /// A request that split into children; held beside [`Key::Request`].
    Parent(Uuid),
    /// A child's place under its parent.
    Child(Uuid, i32),
    /// An approval task.
    Task(Uuid),
    /// A grant.
    Grant(Uuid),
    /// A grant's number.
    GrantNumber(GrantNumber),
    /// What a user has at present, and cannot have twice: a role, or an entitlement in an account.
    Held(Uuid, EntityType, EntityKey, Option<GrantNumber>),
    /// A webhook.
    Webhook(Uuid),
    /// A webhook's key.
    WebhookSecret(Uuid),
    /// A stream that brings its own events.
    Stream(StreamId),
}

/// What the key names, as far as others refer to it.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Principal(id) => write!(f, "the user or group {id}"),
            Self::User(id) => write!(f, "the user {id}"),
            Self::Template(id) => write!(f, "the profile template {id}"),
            Self::Request(id) => write!(f, "the request {id}"),
            Self::Parent(id) => write!(f, "the request {id} with children"),
            Self::Task(id) => write!(f, "the task {id}"),
            Self::GrantNumber(number) => write!(f, "the grant with number {number}"),
            Self::Webhook(id) => write!(f, "the webhook {id}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Key {
    /// The key as bytes: a tag, then its value. Different keys have different bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (tag, value): (u8, Vec<u8>) = match self {
            Self::Principal(id) => (1, id.as_bytes().to_vec()),
            Self::User(id) => (2, id.as_bytes().to_vec()),
            Self::Group(id) => (20, id.as_bytes().to_vec()),
            Self::UserNumber(number) => (3, number.get().to_be_bytes().to_vec()),
            Self::Login(folded) => (4, folded.clone().into_bytes()),
            Self::Credential(id) => (5, id.as_bytes().to_vec()),
            Self::GroupName(folded) => (6, folded.clone().into_bytes()),
            Self::Administrators => (7, Vec::new()),
            Self::Template(id) => (8, id.as_bytes().to_vec()),
            Self::CatalogItem(id) => (9, id.as_bytes().to_vec()),
            Self::CatalogNumber(number) => (10, number.get().to_be_bytes().to_vec()),
            Self::Entity(kind, key) => (11, [&kind.code().to_be_bytes(), key.as_str().as_bytes()].concat()),
            Self::Profile(id) => (12, id.as_bytes().to_vec()),
            Self::Smartcard(id) => (13, id.as_bytes().to_vec()),
            Self::Request(id) => (14, id.as_bytes().to_vec()),
            Self::RequestNumber(number) => (15, number.get().to_be_bytes().to_vec()),
            Self::Parent(id) => (16, id.as_bytes().to_vec()),
            Self::Child(id, ordinal) => (17, [&id.as_bytes()[..], &ordinal.to_be_bytes()].concat()),
            Self::Task(id) => (18, id.as_bytes().to_vec()),
            Self::ApprovalRule(id) => (21, id.as_bytes().to_vec()),
            Self::RequestRule(id) => (22, id.as_bytes().to_vec()),
            Self::Grant(id) => (23, id.as_bytes().to_vec()),
            Self::GrantNumber(number) => (24, number.get().to_be_bytes().to_vec()),
            Self::Held(user, kind, key, account) => {
                let account = account.map_or(0, GrantNumber::get).to_be_bytes();
                (25, [&user.as_bytes()[..], &kind.code().to_be_bytes(), &account, key.as_str().as_bytes()].concat())
            }
            Self::Webhook(id) => (26, id.as_bytes().to_vec()),
            Self::WebhookSecret(id) => (27, id.as_bytes().to_vec()),
            Self::Stream(stream) => (19, [&stream.stream.code().to_be_bytes(), &stream.id.as_bytes()[..]].concat()),
        };
        [&[tag], &value[..]].concat()
    }
}

/// What holds a key that must be unique, while an import is checked.
pub trait KeyIndex {
    /// Notes that `owner` at `place` of the bundle claims the key. Returns the place that claimed it before.
    fn claim(&mut self, key: &Key, owner: Uuid, place: u64) -> Result<Option<u64>, RepositoryError>;

    /// Who holds the key in the bundle or else in the database.
    fn holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError>;

    /// Who holds the key in the database, whatever the bundle says.
    fn stored_holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError>;
}
