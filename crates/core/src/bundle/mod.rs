//! Bundles: the records that import reads and export writes (decision 26).
//!
//! An export is JSON Lines: a header, then the records ordered by kind and id. A hand-written
//! bundle is the same records, the header among them or not, in one JSON array.

mod key;
mod reader;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::CatalogItem;
use crate::directory::{Group, PasswordHash, User};
use crate::error::{Invalid, RepositoryError};
use crate::event::StoredEvent;
use crate::ids::UserId;
use crate::profile::{Profile, Smartcard};
use crate::request::Request;
use crate::template::ProfileTemplate;

pub use key::{Key, KeyIndex};
pub use reader::{BundleText, Layout};
pub use validate::{Validator, Verdict};

/// The format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// The first line of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// The format of the records that follow.
    pub format: u32,
}

/// A user's password hash; exported only on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// The user.
    pub user: UserId,
    /// The argon2id hash in PHC form.
    pub hash: PasswordHash,
}

/// One record of a bundle, told apart by its member `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Record {
    /// The format of the bundle.
    Header(Header),
    /// A user.
    User(User),
    /// A password hash.
    Credential(Credential),
    /// A group.
    Group(Group),
    /// A profile template with its policies.
    ProfileTemplate(ProfileTemplate),
    /// A catalog item.
    CatalogItem(CatalogItem),
    /// A profile.
    Profile(Profile),
    /// A smart card.
    Smartcard(Smartcard),
    /// A request.
    Request(Box<Request>),
    /// An event.
    Event(StoredEvent),
}

impl Record {
    /// The record's kind and id, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Header(_) => "header".to_owned(),
            Self::User(user) => format!("user {}", user.id),
            Self::Credential(credential) => format!("credential {}", credential.user),
            Self::Group(group) => format!("group {}", group.id),
            Self::ProfileTemplate(template) => format!("profileTemplate {}", template.id),
            Self::CatalogItem(item) => format!("catalogItem {}", item.id),
            Self::Profile(profile) => format!("profile {}", profile.id),
            Self::Smartcard(card) => format!("smartcard {}", card.id),
            Self::Request(request) => format!("request {}", request.id),
            Self::Event(event) => format!("event {} of {} {}", event.sequence, event.stream.name(), event.id),
        }
    }

    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        match self {
            Self::Header(header) if header.format != FORMAT => {
                vec![Invalid::new("format", format!("is {}; this program reads {FORMAT}", header.format))]
            }
            Self::Header(_) | Self::Credential(_) | Self::Event(_) => Vec::new(),
            Self::User(user) => user.faults(),
            Self::Group(group) => group.faults(),
            Self::ProfileTemplate(template) => template.faults(),
            Self::CatalogItem(item) => item.faults(),
            Self::Profile(profile) => profile.faults(),
            Self::Smartcard(card) => card.faults(),
            Self::Request(request) => request.faults(),
        }
    }
}

/// Something in a bundle that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line of a JSON Lines file, or the element of an array, from 1.
    pub place: u64,
    /// The record's kind and id, where they could be read.
    pub record: Option<String>,
    /// The member and the reason.
    pub invalid: Invalid,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record {}", self.place)?;
        if let Some(record) = &self.record {
            write!(f, " ({record})")?;
        }
        write!(f, ": {}", self.invalid)
    }
}

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The line or element, from 1.
    pub place: u64,
    /// The record.
    pub record: Record,
}

/// A bundle being read: each element is a record, or the fault that stands in its place.
pub type Reading<'a> = Box<dyn Iterator<Item = std::io::Result<Result<Placed, Fault>>> + 'a>;

/// A bundle that can be read from the beginning more than once.
pub trait RecordSource: Send {
    /// Begins to read.
    fn open(&mut self) -> std::io::Result<Reading<'_>>;
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Records that are new.
    pub added: u64,
    /// Records that were already there, just so.
    pub unchanged: u64,
}

/// Why an import did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The bundle has faults: the first thousand, and how many there are.
    #[error("{count} faults in the bundle; nothing was imported")]
    Faults {
        /// How many.
        count: u64,
        /// The first thousand, in the order of the bundle.
        first: Vec<Fault>,
    },
    /// The bundle cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Source(#[from] std::io::Error),
    /// The repository failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}
