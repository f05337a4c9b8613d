//! Grants: the roles, entitlements and accounts that users have been given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::{EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::error::Invalid;
use crate::ids::{GrantId, GrantNumber, RequestId, Revision, UserId};

coded_enum! {
    /// How a grant stands.
    pub enum GrantStatus {
        /// The user has it.
        Active = 1 "active",
        /// An account that is switched off.
        Disabled = 2 "disabled",
        /// It was taken away.
        Ended = 3 "ended",
        /// Its end has come, and whoever carries out what is approved has been asked to take it away.
        Ending = 4 "ending",
    }
}

/// Something that a user has been given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The grant's GUID.
    pub id: GrantId,
    /// The number by which OIG knows an account.
    pub number: GrantNumber,
    /// Who has it.
    pub user: UserId,
    /// What kind of thing.
    pub entity_type: EntityType,
    /// Its key among those of its type.
    pub entity_key: EntityKey,
    /// The account that holds an entitlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<GrantNumber>,
    /// How it stands.
    pub status: GrantStatus,
    /// Since when the user has it.
    pub start: Timestamp,
    /// When it is taken away, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// The request that gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// How many commits the grant has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

impl Grant {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        if self.end.is_some_and(|end| end < self.start) {
            faults.push(Invalid::new("end", "is before start"));
        }
        if self.status == GrantStatus::Ended && self.end.is_none() {
            faults.push(Invalid::new("end", "a grant that was taken away says when"));
        }
        if self.entity_type == EntityType::ProfileTemplate {
            faults.push(Invalid::new("entityType", "certificates are profiles, not grants"));
        }
        if self.account.is_some() && self.entity_type != EntityType::Entitlement {
            faults.push(Invalid::new("account", "only an entitlement lies in an account"));
        }
        faults
    }
}
