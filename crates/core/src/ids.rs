//! Typed identifiers. An identifier of one kind cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name this kind of thing.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// The sixteen bytes, in the order in which they are stored and compared.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }
    )+};
}

typed_id! {
    /// A request or child request.
    RequestId,
    /// A user; also a [`PrincipalId`].
    UserId,
    /// A group; also a [`PrincipalId`].
    GroupId,
    /// A user or a group: one GUID names at most one principal.
    PrincipalId,
    /// A software profile or the profile of a card.
    ProfileId,
    /// A smart card as assigned to one user.
    SmartcardId,
    /// A profile template.
    TemplateId,
    /// An approval task.
    TaskId,
    /// A catalog item.
    CatalogItemId,
    /// Something that a user has been given: a role, an entitlement, an account.
    GrantId,
    /// An approval rule or a request rule.
    RuleId,
    /// A webhook.
    WebhookId,
}

impl From<UserId> for PrincipalId {
    fn from(id: UserId) -> Self {
        Self(id.0)
    }
}

impl From<GroupId> for PrincipalId {
    fn from(id: GroupId) -> Self {
        Self(id.0)
    }
}

impl PrincipalId {
    /// The user that this principal is, if it is one.
    pub const fn as_user(self) -> UserId {
        UserId(self.0)
    }
}

macro_rules! number {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(#[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))] i64);

        impl $name {
            /// The number that is given out first.
            pub const fn first() -> Self {
                Self(1)
            }

            /// The number as stored: at least 1.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = NotANumber;

            fn try_from(value: i64) -> Result<Self, NotANumber> {
                if (1..=LARGEST).contains(&value) { Ok(Self(value)) } else { Err(NotANumber) }
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> i64 {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = NotANumber;

            fn from_str(text: &str) -> Result<Self, NotANumber> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let value: i64 = if digits { text.parse().map_err(|_| NotANumber)? } else { return Err(NotANumber) };
                Self::try_from(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

/// The largest number: the largest integer that every JSON reader keeps exactly (2^53 - 1).
const LARGEST: i64 = 9_007_199_254_740_991;

/// A text or integer that is not a positive decimal number of at most 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a positive decimal number, at most 9007199254740991")]
pub struct NotANumber;

number! {
    /// The number by which OIG knows a request. Unique among requests, never used twice.
    RequestNumber,
    /// The number by which OIG knows a user. Unique among users, never used twice.
    UserNumber,
    /// The integer catalog id of a catalog item. Unique among catalog items.
    CatalogNumber,
    /// The number by which OIG knows a grant: its account id. Unique among grants, never used twice.
    GrantNumber,
}

/// How many commits an aggregate has seen: the port's check against lost updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Revision(pub i64);

impl Revision {
    /// The revision of an aggregate that was committed once.
    pub const FIRST: Self = Self(1);

    /// [`Revision::FIRST`], for records that name no revision.
    pub(crate) const fn first() -> Self {
        Self::FIRST
    }

    /// The revision after one more commit.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Parses a GUID in one of the forms that .NET accepts: 32 digits, hyphens,
/// braces or parentheses, any case, blanks around it (`spec/mim-cm.md` A.0).
pub fn parse_guid(text: &str) -> Option<Uuid> {
    let text = text.trim();
    let inner = match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(b'{'), Some(b'}')) | (Some(b'('), Some(b')')) if text.len() == 38 => &text[1..37],
        (Some(b'{' | b'('), _) => return None,
        _ => text,
    };
    match inner.len() {
        36 => Uuid::try_parse(inner).ok(),
        32 if text.len() == 32 => Uuid::try_parse(inner).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dotnet_form_names_the_same_guid() {
        let expected = Uuid::try_parse("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099").ok();
        for text in [
            "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099",
            "A9B4B42CCC504C9B89D1BBC0BCD5A099",
            "{A9B4B42C-CC50-4C9B-89D1-BBC0BCD5A099}",
            "(a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099)",
            " A9B4B42C-cc50-4C9B-89d1-bbc0bcd5a099 ",
        ] {
            assert_eq!(parse_guid(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        for text in [
            "",
            "a9b4b42c",
            "{a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099",
            "{a9b4b42ccc504c9b89d1bbc0bcd5a099}",
            "urn:uuid:a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099",
            "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a09g",
            "{\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}}",
        ] {
            assert_eq!(parse_guid(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_plain_positive_decimals() {
        assert_eq!("2029".parse::<RequestNumber>().map(RequestNumber::get), Ok(2029));
        for text in ["", "0", "-1", "+1", "1.0", " 1", "9007199254740992", "9223372036854775808"] {
            assert!(text.parse::<RequestNumber>().is_err(), "{text}");
        }
    }
}
