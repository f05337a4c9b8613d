//! Links: by what an aggregate is found besides the keys that it is alone in having.

use std::ops::RangeInclusive;

use countersign_core::clock::Timestamp;
use countersign_core::ids::{CatalogNumber, GrantNumber, PrincipalId, ProfileId, RequestId, SmartcardId, UserId};
use uuid::Uuid;

/// By what several aggregates of a kind are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Users, by their manager.
    Manager(UserId),
    /// Users, by a proxy of theirs.
    Proxy(UserId),
    /// Groups, by a member.
    Member(PrincipalId),
    /// Grants and software profiles, by whose they are.
    Owner(UserId),
    /// Profiles, by the card that they lie on.
    Card(SmartcardId),
    /// Grants, by the account that they lie in.
    Account(GrantNumber),
    /// Grants that are to be taken away, by when; those from `None` on are all of them.
    Ends(Option<Timestamp>),
    /// Children, by their parent.
    Parent(RequestId),
    /// Requests that wait for another, by the other.
    WaitsFor(RequestId),
    /// Requests, by the profile that they act on.
    OldProfile(ProfileId),
    /// Requests, by the card that they act on.
    OldSmartcard(SmartcardId),
    /// Catalog items, by their numbers; those from `None` on are all of them.
    CatalogNumber(Option<CatalogNumber>),
}

impl Link {
    /// Every entry from this link to `last`.
    pub(crate) fn until(self, last: Self) -> RangeInclusive<(Self, Uuid)> {
        (self, Uuid::nil())..=(last, Uuid::max())
    }
}
