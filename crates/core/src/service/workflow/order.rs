//! What is asked for, as the dialects say it.

use serde::{Deserialize, Serialize};

use crate::catalog::{EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::event::Channel;
use crate::ids::{ProfileId, SmartcardId, TemplateId, UserId, UserNumber};
use crate::lifecycle::Answer;
use crate::request::FormValue;
use crate::template::CertificateOperation;

/// A user, by one of the two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserKey {
    /// By id.
    Id(UserId),
    /// By number.
    Number(UserNumber),
}

/// Whether something is asked for or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Intent {
    /// It is to be given.
    Give,
    /// It is to be taken away.
    Take,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What kind of thing.
    pub entity_type: EntityType,
    /// Its key among those of its type; the GUID of a profile template.
    pub entity_key: EntityKey,
    /// The account that receives an entitlement, or that is taken away: its number.
    pub account: Option<String>,
    /// From when.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
    /// The form that was filled in.
    pub form: Vec<FormValue>,
}

/// A request for access, and for certificates among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessOrder {
    /// Whether it is given or taken away.
    pub intent: Intent,
    /// For whom; nobody is the caller.
    pub beneficiaries: Vec<UserKey>,
    /// What.
    pub items: Vec<Item>,
    /// Why.
    pub justification: Option<String>,
    /// Whether it stays in the cart.
    pub draft: bool,
}

/// A request for certificates or a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateOrder {
    /// What is to be done.
    pub operation: CertificateOperation,
    /// The template; that of the profile or card without.
    pub template: Option<TemplateId>,
    /// The profile that it is about.
    pub profile: Option<ProfileId>,
    /// The card that it is about.
    pub smartcard: Option<SmartcardId>,
    /// For whom; the caller without.
    pub target: Option<UserId>,
    /// How urgent; as the policy says without.
    pub priority: Option<u8>,
    /// The requester's remark.
    pub comment: String,
    /// Answers to the policy's questions.
    pub answers: Vec<Answer>,
    /// Why, where the dialect has a word for it.
    pub justification: Option<String>,
    /// Whether it stays in the cart.
    pub draft: bool,
}

/// What the executor of a certificate request sends to have its certificates issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateData {
    /// The certificate requests: each a PKCS #10 in DER.
    pub requests: Vec<Vec<u8>>,
    /// The executor's remark.
    pub comment: Option<String>,
}

/// The key under which a call may be sent again (decision 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKey {
    /// The operation's id.
    pub operation: &'static str,
    /// The caller's key.
    pub key: String,
    /// The element of a bulk call, from 1; 0 is a call as a whole.
    pub element: i32,
}

/// Through what a call came in, and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The dialect.
    pub channel: Channel,
    /// The key, if the caller sent one.
    pub key: Option<CallKey>,
}

/// As which dialect a caller looks at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// MIM: certificate requests alone; what may not be read is forbidden.
    Mim,
    /// OIG and native: what may not be seen is not there.
    Oig,
}
