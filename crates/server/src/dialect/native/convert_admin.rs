//! Between the domain and what administrators read and write: both have the shape of bundles.

use countersign_core::ids::Revision;
use countersign_core::repository::{self, Revised};
use countersign_core::webhook::WebhookSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::typed;
use super::wire_admin::{ApprovalRule, CatalogItem, Delivery, ProfileTemplate, RequestRule, Webhook};
use crate::dialect::Fault;

/// What is kept, as it is printed.
pub(super) fn printed<W: DeserializeOwned>(state: &impl Serialize) -> Result<W, Fault> {
    let value = serde_json::to_value(state)?;
    serde_json::from_value(value).map_err(Fault::from)
}

/// What an administrator sent.
pub(super) trait Sent: Serialize {
    /// What stands for it in the core.
    type Core: DeserializeOwned + Revised;

    /// The GUID that was sent with it.
    fn id(&self) -> Option<Uuid>;

    /// Fills in what the service gives out, or leaves out what the core does not know.
    fn complete(members: &mut serde_json::Map<String, Value>);

    /// The core's form. A GUID among the members must be that of the path.
    fn core(&self, path: Option<Uuid>) -> Result<Self::Core, Fault> {
        if let (Some(path), Some(sent)) = (path, self.id())
            && path != sent
        {
            return Err(Fault::invalid("id", "is not the one in the path"));
        }
        let mut value = serde_json::to_value(self)?;
        if let Value::Object(members) = &mut value {
            // The service gives out its own.
            members.insert("id".to_owned(), json!(Uuid::nil()));
            members.insert("revision".to_owned(), json!(Revision::FIRST));
            Self::complete(members);
        }
        typed(&value)
    }
}

impl Sent for ProfileTemplate {
    type Core = countersign_core::template::ProfileTemplate;

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn complete(members: &mut serde_json::Map<String, Value>) {
        members.insert("version".to_owned(), json!(1));
    }
}

impl Sent for CatalogItem {
    type Core = countersign_core::catalog::CatalogItem;

    fn id(&self) -> Option<Uuid> {
        None
    }

    fn complete(members: &mut serde_json::Map<String, Value>) {
        members.insert("number".to_owned(), json!(1));
    }
}

impl Sent for ApprovalRule {
    type Core = countersign_core::rule::ApprovalRule;

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn complete(_: &mut serde_json::Map<String, Value>) {}
}

impl Sent for RequestRule {
    type Core = countersign_core::rule::RequestRule;

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn complete(_: &mut serde_json::Map<String, Value>) {}
}

impl Sent for Webhook {
    type Core = countersign_core::webhook::Webhook;

    fn id(&self) -> Option<Uuid> {
        self.id
    }

    fn complete(members: &mut serde_json::Map<String, Value>) {
        members.remove("secret");
        members.remove("delivery");
    }
}

/// The key that came with a webhook.
pub(super) fn secret(webhook: &Webhook) -> Result<Option<WebhookSecret>, Fault> {
    let secret = webhook.secret.clone().map(WebhookSecret::try_from).transpose();
    secret.map_err(|reason| Fault::invalid("secret", reason))
}

/// A webhook with how far it has been told.
pub(super) fn webhook(
    webhook: &countersign_core::webhook::Webhook,
    delivery: &repository::Delivery,
) -> Result<Webhook, Fault> {
    let delivery = Delivery {
        position: delivery.position,
        attempts: delivery.attempts,
        next_attempt: delivery.next_attempt.to_string(),
        error: delivery.error.clone(),
    };
    Ok(Webhook { delivery: Some(delivery), ..printed(webhook)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::native::read::typed;

    #[test]
    fn what_is_printed_can_be_sent_back() {
        let rule = json!({
            "id": "a0010000-0000-4000-8000-000000000001", "name": "Roles", "ordinal": 10, "scope": "single",
            "entityTypes": ["Role"], "entities": [{"entityType": "Role", "entityKey": "12"}],
            "stages": [{"name": "n", "title": "t", "quorum": 2, "deadline": {"seconds": 60, "then": "renew", "renewals": 3},
                "approvers": ["beneficiaryManager", {"principal": "8964e795-5b83-43fb-bee9-3e178843a7ae"}]}],
            "revision": 4
        });
        let core: countersign_core::rule::ApprovalRule = typed(&rule).unwrap();
        let wire: ApprovalRule = printed(&core).unwrap();
        let back = wire.core(wire.id).unwrap();
        assert_eq!(countersign_core::rule::ApprovalRule { id: core.id, revision: core.revision, ..back }, core);
    }

    #[test]
    fn a_secret_is_no_member_of_what_is_kept() {
        let sent = json!({"name": "n", "url": "https://a.example", "secret": "0123456789abcdef"});
        let wire: Webhook = typed(&sent).unwrap();
        let core = wire.core(None).unwrap();
        assert_eq!(secret(&wire).unwrap().unwrap().expose(), "0123456789abcdef");
        let printed: Webhook = printed(&core).unwrap();
        assert_eq!(printed.secret, None);
        let short: Webhook = typed(&json!({"name": "n", "url": "https://a.example", "secret": "short"})).unwrap();
        assert!(matches!(secret(&short), Err(Fault::Invalid(fault)) if fault.field == "secret"));
    }

    #[test]
    fn another_id_than_the_paths_is_refused() {
        let id = Uuid::from_u128(1);
        let sent = json!({"id": id, "name": "n", "requesters": "everyone", "beneficiaries": "reports"});
        let wire: RequestRule = typed(&sent).unwrap();
        assert!(wire.core(Some(id)).is_ok() && wire.core(None).is_ok());
        let other = wire.core(Some(Uuid::from_u128(2)));
        assert!(matches!(other, Err(Fault::Invalid(fault)) if fault.field == "id"));
    }
}
