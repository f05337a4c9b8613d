//! The catalog: what can be asked for through OIG.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::error::{Invalid, text_faults};
use crate::ids::{CatalogItemId, CatalogNumber, Revision};

coded_enum! {
    /// What kind of thing a request target is (`spec/oig-requests.md` C.3, decision 20).
    pub enum EntityType {
        /// A role.
        Role = 1 "Role",
        /// An entitlement of an application.
        Entitlement = 2 "Entitlement",
        /// An account in an application.
        ApplicationInstance = 3 "ApplicationInstance",
        /// A profile template: its request is a certificate request.
        ProfileTemplate = 4 "ProfileTemplate",
    }
}

/// The key of an entity among those of its type: OIG's `entityId` and `entityKey`.
/// 1 to 128 characters, no control character, no blank at either end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct EntityKey(String);

impl EntityKey {
    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EntityKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=128).contains(&text.chars().count()) && text.trim() == text;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err("a key has 1 to 128 characters, no control character and no blank at either end")
        }
    }
}

impl From<EntityKey> for String {
    fn from(key: EntityKey) -> String {
        key.0
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

coded_enum! {
    /// How what was approved is carried out.
    pub enum FulfilmentMethod {
        /// At once, in the commit that begins it.
        Immediate = 1 "immediate",
        /// By a person, who marks it done.
        Manual = 2 "manual",
        /// By a program that a webhook tells, and that calls back.
        Webhook = 3 "webhook",
    }
}

/// Something that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CatalogItem {
    /// The item's GUID.
    pub id: CatalogItemId,
    /// The integer catalog id.
    pub number: CatalogNumber,
    /// What kind of thing it is.
    pub entity_type: EntityType,
    /// Its key among those of its type.
    pub entity_key: EntityKey,
    /// The name that is shown to people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The application to whose accounts an entitlement belongs: the key of an ApplicationInstance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<EntityKey>,
    /// How it is given and taken away; as the settings say without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfilment: Option<FulfilmentMethod>,
    /// Whether it can be asked for at present.
    #[serde(default = "requestable")]
    pub requestable: bool,
    /// How many commits the item has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

const fn requestable() -> bool {
    true
}

impl CatalogItem {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        if self.application.is_some() && self.entity_type != EntityType::Entitlement {
            faults.push(Invalid::new("application", "only an entitlement belongs to an application"));
        }
        faults
    }
}
