//! Profiles and smart cards: what certificate requests make and change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::error::Invalid;
use crate::ids::{ProfileId, Revision, SmartcardId, TemplateId, UserId};

coded_enum! {
    /// The status of a profile, with MIM's numbers (`spec/mim-cm.md` C.5).
    pub enum ProfileStatus {
        /// Being made.
        New = 1 "New",
        /// In use.
        Active = 2 "Active",
        /// On hold.
        Suspended = 3 "Suspended",
        /// Revoked.
        Disabled = 4 "Disabled",
        /// Given back.
        Retired = 5 "Retired",
    }
}

coded_enum! {
    /// The status of a smart card, with MIM's numbers (`spec/mim-cm.md` C.6).
    pub enum SmartcardStatus {
        /// Known, not bound.
        New = 1 "New",
        /// Bound to a running request.
        Assigned = 2 "Assigned",
        /// In use.
        Active = 3 "Active",
        /// On hold.
        Suspended = 4 "Suspended",
        /// Revoked.
        Disabled = 5 "Disabled",
        /// Given back.
        Retired = 6 "Retired",
    }
}

/// Bits of `Flags` (`spec/mim-cm.md` C.7).
pub mod flags {
    /// The current profile or card, not a duplicate.
    pub const PRIMARY: i32 = 1;
    /// A copy of the primary one.
    pub const DUPLICATE: i32 = 2;
    /// A newer one has taken its place.
    pub const SUPERSEDED: i32 = 4;
    /// A temporary card.
    pub const TEMPORARY: i32 = 8;
    /// Made from somebody else's archived keys.
    pub const KEY_ESCROW: i32 = 16;
}

/// The certificates of one user under one template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// The profile's GUID.
    pub id: ProfileId,
    /// The card that holds the certificates; a software profile has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smartcard: Option<SmartcardId>,
    /// The status.
    pub status: ProfileStatus,
    /// MIM's bits; 1 is a primary profile.
    #[serde(default = "primary")]
    pub flags: i32,
    /// The profile that this one replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ProfileId>,
    /// The primary profile, of a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<ProfileId>,
    /// Whose certificates they are.
    pub assigned_user: UserId,
    /// The template.
    pub template: TemplateId,
    /// The version that the template had when the profile was made.
    pub template_version: i32,
    /// A remark.
    #[serde(default)]
    pub comment: String,
    /// When the profile was made. Lists are in this order.
    pub created: Timestamp,
    /// How many commits the profile has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

/// A smart card as assigned to one user; a card that changes hands gets a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smartcard {
    /// The GUID of this assignment.
    pub id: SmartcardId,
    /// The status.
    pub status: SmartcardStatus,
    /// MIM's bits; 1 is a primary card.
    #[serde(default = "primary")]
    pub flags: i32,
    /// The card that this one replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SmartcardId>,
    /// The primary card, of a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<SmartcardId>,
    /// The permanent card, of a linked temporary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permanent: Option<SmartcardId>,
    /// Who has the card.
    pub assigned_user: UserId,
    /// The template.
    pub template: TemplateId,
    /// The version that the template had when the card was assigned.
    pub template_version: i32,
    /// A remark.
    #[serde(default)]
    pub comment: String,
    /// The serial number that the card reports.
    pub serial_number: String,
    /// The middleware that talks to the card.
    #[serde(default = "base_csp")]
    pub middleware: String,
    /// The card's answer to reset, lower-case hex.
    #[serde(default)]
    pub atr: String,
    /// When the card was assigned.
    pub created: Timestamp,
    /// How many commits the card has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

const fn primary() -> i32 {
    flags::PRIMARY
}

fn base_csp() -> String {
    "MSBaseCSP".to_owned()
}

impl Profile {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = version_faults(self.template_version);
        if self.parent == Some(self.id) || self.primary == Some(self.id) {
            faults.push(Invalid::new("parent", "a profile is not its own parent or primary"));
        }
        faults
    }
}

impl Smartcard {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = version_faults(self.template_version);
        if self.serial_number.trim().is_empty() {
            faults.push(Invalid::new("serialNumber", "must not be empty"));
        }
        if !self.atr.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            faults.push(Invalid::new("atr", "must be lower-case hex"));
        }
        faults
    }
}

fn version_faults(version: i32) -> Vec<Invalid> {
    if version < 1 { vec![Invalid::new("templateVersion", "must be at least 1")] } else { Vec::new() }
}
