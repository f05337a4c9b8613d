//! Domain objects to test with. Everything is made from small numbers, so that a case can name
//! what it made, and nothing depends on the hour or on chance.

mod access;
mod certificate;
mod directory;
mod everything;
mod grants;
mod random;
mod records;
mod rules;

use countersign_core::clock::Timestamp;
use countersign_core::event::Channel;
use countersign_core::event::{EventKind, NewEvent, state_data};
use countersign_core::ids::{PrincipalId, RequestId, TaskId, TemplateId, UserId};
use countersign_core::repository::Revised;
use countersign_core::request::Request;
use serde::Serialize;
use uuid::Uuid;

pub use access::access_request;
pub use certificate::{STATUSES, certificate_request, discarded, in_status, stage, task, template};
pub use directory::{administrators, catalog_item, group, login, profile, smartcard, user};
pub use everything::everything;
pub use grants::{grant, secret, webhook};
pub use random::Random;
pub use records::{Lines, Records};
pub use rules::{approval_rule, request_rule};

/// 2026-01-01T00:00:00Z, in microseconds.
const BEGIN: i64 = 1_767_225_600_000_000;

/// Kinds of things, so that equal numbers of different kinds have different ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Users.
    User = 0x11,
    /// Groups.
    Group = 0x22,
    /// Profile templates.
    Template = 0x33,
    /// Catalog items.
    CatalogItem = 0x44,
    /// Profiles.
    Profile = 0x55,
    /// Smart cards.
    Smartcard = 0x66,
    /// Requests.
    Request = 0x77,
    /// Approval tasks.
    Task = 0x88,
    /// Grants.
    Grant = 0x99,
    /// Rules.
    Rule = 0xaa,
    /// Webhooks.
    Webhook = 0xbb,
}

/// The id of the `n`th thing of a kind. Ids of one kind do not sort by `n`.
pub fn id(kind: Kind, n: u64) -> Uuid {
    let high = u128::from(n.reverse_bits().rotate_left(3)) << 64;
    Uuid::from_u128(high | (u128::from(kind as u8) << 56) | u128::from(n & 0x00ff_ffff_ffff_ffff))
}

/// The `n`th user's id.
pub fn user_id(n: u64) -> UserId {
    id(Kind::User, n).into()
}

/// The `n`th user as a principal.
pub fn principal(n: u64) -> PrincipalId {
    user_id(n).into()
}

/// The `n`th group as a principal.
pub fn group_principal(n: u64) -> PrincipalId {
    id(Kind::Group, n).into()
}

/// The `n`th request's id.
pub fn request_id(n: u64) -> RequestId {
    id(Kind::Request, n).into()
}

/// The `n`th template's id.
pub fn template_id(n: u64) -> TemplateId {
    id(Kind::Template, n).into()
}

/// The `n`th task's id.
pub fn task_id(n: u64) -> TaskId {
    id(Kind::Task, n).into()
}

/// A point in time, so many microseconds after the first of January 2026.
///
/// # Panics
/// Beyond the year 9999.
pub fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(BEGIN + micros).expect("a time in the years 1 to 9999")
}

/// An event that records the whole state of `request`.
pub fn event(request: &Request) -> NewEvent {
    let kind = if request.revision.0 == 1 { EventKind::Created } else { EventKind::Changed };
    let at = request.modified.unwrap_or(request.created);
    let salts = &mut Random::new(request.revision.0.unsigned_abs());
    NewEvent::seal(kind, at, Some(request.originator), Channel::Native, state_data(request), salts)
}

/// An event that records the whole state of an aggregate, some time in 2026.
pub fn state_event<T: Revised + Serialize>(state: &T) -> NewEvent {
    let revision = state.revision();
    let kind = if revision.0 == 1 { EventKind::Created } else { EventKind::Changed };
    let salts = &mut Random::new(revision.0.unsigned_abs());
    NewEvent::seal(kind, time(revision.0), None, Channel::Command, state_data(state), salts)
}
