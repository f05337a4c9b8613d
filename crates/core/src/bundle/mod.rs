//! Bundles: the records that import reads and export writes (decision 26).
//!
//! An export is JSON Lines: a header, then the records ordered by kind and id. A hand-written
//! bundle is the same records, the header among them or not, in one JSON array, which is read whole.

mod key;
mod reader;
mod relations;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::CatalogItem;
use crate::directory::{Group, PasswordHash, User};
use crate::error::{Invalid, RepositoryError};
use crate::event::StoredEvent;
use crate::grant::Grant;
use crate::ids::{CatalogNumber, GrantNumber, RequestNumber, UserId, UserNumber, WebhookId};
use crate::profile::{Profile, Smartcard};
use crate::request::Request;
use crate::rule::{ApprovalRule, RequestRule};
use crate::template::ProfileTemplate;
use crate::webhook::{Webhook, WebhookSecret};

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
    /// How many records follow, so that a bundle that was cut short is told from a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
}

/// The numbers that come next, so that a purged one is never given out again (decision 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Numbers {
    /// Of requests.
    pub requests: RequestNumber,
    /// Of users.
    pub users: UserNumber,
    /// Of catalog items.
    pub catalog_items: CatalogNumber,
    /// Of grants.
    #[serde(default = "GrantNumber::first")]
    pub grants: GrantNumber,
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

/// The key with which deliveries to a webhook are signed; exported only on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookCredential {
    /// The webhook.
    pub webhook: WebhookId,
    /// The key.
    pub secret: WebhookSecret,
}

/// One record of a bundle, told apart by its member `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Record {
    /// The format of the bundle.
    Header(Header),
    /// The numbers that come next.
    Numbers(Numbers),
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
    /// A rule about who must approve what.
    ApprovalRule(ApprovalRule),
    /// A rule about who may ask for whom.
    RequestRule(RequestRule),
    /// A profile.
    Profile(Profile),
    /// A smart card.
    Smartcard(Smartcard),
    /// A request.
    Request(Box<Request>),
    /// Something that a user has been given.
    Grant(Grant),
    /// A webhook.
    Webhook(Webhook),
    /// A webhook's key.
    WebhookSecret(WebhookCredential),
    /// An event.
    Event(StoredEvent),
}

impl Record {
    /// The record's kind and id, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Header(_) => "header".to_owned(),
            Self::Numbers(_) => "numbers".to_owned(),
            Self::User(user) => format!("user {}", user.id),
            Self::Credential(credential) => format!("credential {}", credential.user),
            Self::Group(group) => format!("group {}", group.id),
            Self::ProfileTemplate(template) => format!("profileTemplate {}", template.id),
            Self::CatalogItem(item) => format!("catalogItem {}", item.id),
            Self::ApprovalRule(rule) => format!("approvalRule {}", rule.id),
            Self::RequestRule(rule) => format!("requestRule {}", rule.id),
            Self::Profile(profile) => format!("profile {}", profile.id),
            Self::Smartcard(card) => format!("smartcard {}", card.id),
            Self::Request(request) => format!("request {}", request.id),
            Self::Grant(grant) => format!("grant {}", grant.id),
            Self::Webhook(webhook) => format!("webhook {}", webhook.id),
            Self::WebhookSecret(credential) => format!("webhookSecret {}", credential.webhook),
            Self::Event(event) => format!("event {} of {} {}", event.sequence, event.stream.name(), event.id),
        }
    }

    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        match self {
            Self::Header(header) if header.format != FORMAT => {
                vec![Invalid::new("format", format!("is {}; this program reads {FORMAT}", header.format))]
            }
            Self::Header(_) | Self::Numbers(_) | Self::Credential(_) | Self::WebhookSecret(_) | Self::Event(_) => {
                Vec::new()
            }
            Self::User(user) => user.faults(),
            Self::Group(group) => group.faults(),
            Self::ProfileTemplate(template) => template.faults(),
            Self::CatalogItem(item) => item.faults(),
            Self::ApprovalRule(rule) => rule.faults(),
            Self::RequestRule(rule) => rule.faults(),
            Self::Profile(profile) => profile.faults(),
            Self::Smartcard(card) => card.faults(),
            Self::Request(request) => request.faults(),
            Self::Grant(grant) => grant.faults(),
            Self::Webhook(webhook) => webhook.faults(),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::event::ERASABLE;

    /// Text members that say nothing of a person: ids, words of ours, names of things.
    const IMPERSONAL: &[&str] = &[
        "application",
        "atr",
        "bytes",
        "description",
        "entityKey",
        "entityName",
        "hash",
        "kind",
        "middleware",
        "name",
        "pointer",
        "salt",
        "secret",
        "securityDescriptor",
        "serialNumber",
        "url",
    ];

    /// Every member of the record schema that holds free text.
    fn text_members(schema: &Value, members: &mut BTreeSet<String>) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let types = &member["type"];
            let text = *types == "string" || types.as_array().is_some_and(|types| types.contains(&"string".into()));
            let closed = ["format", "enum", "const"].iter().any(|word| member.get(*word).is_some());
            if text && !closed {
                members.insert(name.clone());
            }
        }
        match schema {
            Value::Object(parts) => parts.values().for_each(|part| text_members(part, members)),
            Value::Array(parts) => parts.iter().for_each(|part| text_members(part, members)),
            _ => {}
        }
    }

    #[test]
    fn every_text_is_either_erasable_or_reviewed() {
        let schema = serde_json::to_value(schemars::schema_for!(Record)).unwrap();
        let mut members = BTreeSet::new();
        text_members(&schema, &mut members);
        assert!(members.contains("comment") && members.contains("displayName"), "{members:?}");
        members.retain(|member| !ERASABLE.contains(&member.as_str()) && !IMPERSONAL.contains(&member.as_str()));
        assert_eq!(members, BTreeSet::new(), "decide whether these are personal");
    }
}
