//! The kinds of things that administrators keep.

use async_trait::async_trait;
use uuid::Uuid;

use super::Administered;
use crate::catalog::CatalogItem;
use crate::error::{Invalid, RepositoryError};
use crate::ids::{CatalogNumber, NotANumber, PrincipalId, Revision, RuleId, TemplateId, WebhookId};
use crate::repository::{AggregateChange, Change, NumberSpace, Repository, WebhookChange};
use crate::rule::{ApprovalRule, Approver, Beneficiaries, RequestRule};
use crate::service::ServiceError;
use crate::service::tools::exhausted;
use crate::template::{Audience, ProfileTemplate};
use crate::webhook::{Webhook, WebhookSecret};

#[async_trait]
impl Administered for ProfileTemplate {
    type Key = TemplateId;
    type Hidden = ();

    async fn load(repository: &dyn Repository, id: &TemplateId) -> Result<Option<Self>, RepositoryError> {
        Ok(repository.templates(&[*id], None).await?.pop())
    }

    async fn begin(self, _: &dyn Repository, id: Uuid) -> Result<Self, ServiceError> {
        Ok(Self { id: id.into(), version: 1, revision: Revision::FIRST, ..self })
    }

    fn follow(self, before: &Self) -> Result<Self, ServiceError> {
        if self.template_kind != before.template_kind {
            return Err(ServiceError::invalid("templateKind", "stays as it is: there may be profiles and cards of it"));
        }
        let version = before.version.saturating_add(1);
        Ok(Self { id: before.id, version, revision: before.revision.next(), ..self })
    }

    fn faults(&self) -> Vec<Invalid> {
        let mut faults = Self::faults(self);
        for (member, audience) in [("readers", &self.readers), ("enrollers", &self.enrollers)] {
            if let Audience::Principals(list) = audience {
                faults.extend(crate::error::repeated(&format!("{member}.principals"), list));
            }
        }
        faults
    }

    fn principals(&self) -> Vec<(String, PrincipalId)> {
        let mut named = of_audience("readers", &self.readers);
        named.extend(of_audience("enrollers", &self.enrollers));
        for (at, policy) in self.policies.iter().enumerate() {
            for (member, list) in policy.lists() {
                named.extend(placed(&format!("policies[{at}].{member}"), list));
            }
        }
        named
    }

    fn change(aggregate: AggregateChange<Self>, (): ()) -> Result<Change, ServiceError> {
        Ok(Change { templates: vec![aggregate], ..Change::default() })
    }

    async fn taken(&self, _: &dyn Repository) -> Result<Option<Invalid>, RepositoryError> {
        Ok(None)
    }
}

#[async_trait]
impl Administered for CatalogItem {
    type Key = CatalogNumber;
    type Hidden = ();

    async fn load(repository: &dyn Repository, number: &CatalogNumber) -> Result<Option<Self>, RepositoryError> {
        let before = CatalogNumber::try_from(number.get() - 1).ok();
        let found = repository.catalog_page(before, 1).await?.pop();
        Ok(found.filter(|item| item.number == *number))
    }

    async fn begin(self, repository: &dyn Repository, id: Uuid) -> Result<Self, ServiceError> {
        let number = repository.allocate_numbers(NumberSpace::CatalogItems, 1).await?;
        let number = CatalogNumber::try_from(number).map_err(|NotANumber| exhausted())?;
        Ok(Self { id: id.into(), number, revision: Revision::FIRST, ..self })
    }

    fn follow(self, before: &Self) -> Result<Self, ServiceError> {
        for (member, same) in [
            ("entityType", self.entity_type == before.entity_type),
            ("entityKey", self.entity_key == before.entity_key),
        ] {
            if !same {
                return Err(ServiceError::invalid(member, "stays as it is: requests and rules refer to it"));
            }
        }
        Ok(Self { id: before.id, number: before.number, revision: before.revision.next(), ..self })
    }

    fn faults(&self) -> Vec<Invalid> {
        Self::faults(self)
    }

    fn principals(&self) -> Vec<(String, PrincipalId)> {
        Vec::new()
    }

    fn change(aggregate: AggregateChange<Self>, (): ()) -> Result<Change, ServiceError> {
        Ok(Change { catalog_items: vec![aggregate], ..Change::default() })
    }

    async fn taken(&self, repository: &dyn Repository) -> Result<Option<Invalid>, RepositoryError> {
        let other = repository.catalog_item(self.entity_type, &self.entity_key).await?;
        let reason = || format!("there is a {} {} already", self.entity_type.name(), self.entity_key);
        Ok(other.map(|_| Invalid::new("entityKey", reason())))
    }
}

#[async_trait]
impl Administered for ApprovalRule {
    type Key = RuleId;
    type Hidden = ();

    async fn load(repository: &dyn Repository, id: &RuleId) -> Result<Option<Self>, RepositoryError> {
        Ok(repository.approval_rules().await?.into_iter().find(|rule| rule.id == *id))
    }

    async fn begin(self, _: &dyn Repository, id: Uuid) -> Result<Self, ServiceError> {
        Ok(Self { id: id.into(), revision: Revision::FIRST, ..self })
    }

    fn follow(self, before: &Self) -> Result<Self, ServiceError> {
        Ok(Self { id: before.id, revision: before.revision.next(), ..self })
    }

    fn faults(&self) -> Vec<Invalid> {
        Self::faults(self)
    }

    fn principals(&self) -> Vec<(String, PrincipalId)> {
        let mut named = Vec::new();
        for (at, stage) in self.stages.iter().enumerate() {
            for (n, approver) in stage.approvers.iter().enumerate() {
                if let Approver::Principal(principal) = approver {
                    named.push((format!("stages[{at}].approvers[{n}].principal"), *principal));
                }
            }
        }
        named
    }

    fn change(aggregate: AggregateChange<Self>, (): ()) -> Result<Change, ServiceError> {
        Ok(Change { approval_rules: vec![aggregate], ..Change::default() })
    }

    async fn taken(&self, _: &dyn Repository) -> Result<Option<Invalid>, RepositoryError> {
        Ok(None)
    }
}

#[async_trait]
impl Administered for RequestRule {
    type Key = RuleId;
    type Hidden = ();

    async fn load(repository: &dyn Repository, id: &RuleId) -> Result<Option<Self>, RepositoryError> {
        Ok(repository.request_rules().await?.into_iter().find(|rule| rule.id == *id))
    }

    async fn begin(self, _: &dyn Repository, id: Uuid) -> Result<Self, ServiceError> {
        Ok(Self { id: id.into(), revision: Revision::FIRST, ..self })
    }

    fn follow(self, before: &Self) -> Result<Self, ServiceError> {
        Ok(Self { id: before.id, revision: before.revision.next(), ..self })
    }

    fn faults(&self) -> Vec<Invalid> {
        Self::faults(self)
    }

    fn principals(&self) -> Vec<(String, PrincipalId)> {
        let mut named = of_audience("requesters", &self.requesters);
        if let Beneficiaries::Principals(list) = &self.beneficiaries {
            named.extend(placed("beneficiaries.principals", list));
        }
        named
    }

    fn change(aggregate: AggregateChange<Self>, (): ()) -> Result<Change, ServiceError> {
        Ok(Change { request_rules: vec![aggregate], ..Change::default() })
    }

    async fn taken(&self, _: &dyn Repository) -> Result<Option<Invalid>, RepositoryError> {
        Ok(None)
    }
}

#[async_trait]
impl Administered for Webhook {
    type Key = WebhookId;
    type Hidden = Option<WebhookSecret>;

    async fn load(repository: &dyn Repository, id: &WebhookId) -> Result<Option<Self>, RepositoryError> {
        let webhooks = repository.webhooks().await?;
        Ok(webhooks.into_iter().map(|(webhook, _)| webhook).find(|webhook| webhook.id == *id))
    }

    async fn begin(self, _: &dyn Repository, id: Uuid) -> Result<Self, ServiceError> {
        Ok(Self { id: id.into(), revision: Revision::FIRST, ..self })
    }

    fn follow(self, before: &Self) -> Result<Self, ServiceError> {
        Ok(Self { id: before.id, revision: before.revision.next(), ..self })
    }

    fn faults(&self) -> Vec<Invalid> {
        Self::faults(self)
    }

    fn principals(&self) -> Vec<(String, PrincipalId)> {
        Vec::new()
    }

    fn change(aggregate: AggregateChange<Self>, secret: Option<WebhookSecret>) -> Result<Change, ServiceError> {
        if aggregate.expected.is_none() && secret.is_none() {
            return Err(ServiceError::invalid("secret", "a new webhook needs one: its deliveries are signed with it"));
        }
        Ok(Change { webhooks: vec![WebhookChange { webhook: aggregate, secret, position: None }], ..Change::default() })
    }

    async fn taken(&self, _: &dyn Repository) -> Result<Option<Invalid>, RepositoryError> {
        Ok(None)
    }
}

fn of_audience(member: &str, audience: &Audience) -> Vec<(String, PrincipalId)> {
    match audience {
        Audience::Everyone => Vec::new(),
        Audience::Principals(list) => placed(&format!("{member}.principals"), list),
    }
}

fn placed(member: &str, list: &[PrincipalId]) -> Vec<(String, PrincipalId)> {
    list.iter().enumerate().map(|(at, principal)| (format!("{member}[{at}]"), *principal)).collect()
}
