//! What users have been given, and webhooks.

use countersign_core::catalog::EntityType;
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::Revision;
use countersign_core::webhook::{Webhook, WebhookPurpose, WebhookSecret};

use super::{Kind, id, time, user_id};

/// The `n`th grant: role `n` of user `owner`, since `n` seconds after the beginning, numbered `n`.
///
/// # Panics
/// Never for small numbers.
pub fn grant(n: u64, owner: u64) -> Grant {
    let seconds = i64::try_from(n).expect("small");
    Grant {
        id: id(Kind::Grant, n).into(),
        number: seconds.try_into().expect("positive"),
        user: user_id(owner),
        entity_type: EntityType::Role,
        entity_key: n.to_string().try_into().expect("a key"),
        account: None,
        status: GrantStatus::Active,
        start: time(seconds * 1_000_000),
        end: None,
        request: None,
        revision: Revision::FIRST,
    }
}

/// The `n`th webhook: hears everything.
pub fn webhook(n: u64) -> Webhook {
    Webhook {
        id: id(Kind::Webhook, n).into(),
        name: format!("Webhook {n}"),
        url: format!("https://hooks.example.org/{n}"),
        purpose: WebhookPurpose::Notify,
        enabled: true,
        streams: Vec::new(),
        revision: Revision::FIRST,
    }
}

/// The `n`th webhook's key.
///
/// # Panics
/// Never for small numbers.
pub fn secret(n: u64) -> WebhookSecret {
    format!("a key of webhook {n}, long enough").try_into().expect("a key")
}
