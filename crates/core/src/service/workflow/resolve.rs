//! Looking up what an order names, and whether it may be asked for (decision 4).

use std::collections::BTreeSet;

use super::Workflow;
use super::order::{AccessOrder, Intent, Item, UserKey};
use crate::catalog::EntityType;
use crate::directory::{Caller, User, UserStatus};
use crate::error::RepositoryError;
use crate::ids::{TemplateId, UserId, parse_guid};
use crate::request::{AccessOperation, AccessRequest, Target};
use crate::rule::{Beneficiaries, RequestRule};
use crate::service::ServiceError;
use crate::template::PolicyKind;

/// An order whose names were looked up.
pub(super) struct Resolved {
    pub(super) beneficiaries: Vec<User>,
    pub(super) targets: Vec<Target>,
}

impl Resolved {
    pub(super) fn users(&self) -> Vec<UserId> {
        self.beneficiaries.iter().map(|user| user.id).collect()
    }

    /// The one template that is asked for, for one user: a certificate request (decision 20).
    pub(super) fn single_template(&self) -> Option<&Target> {
        match (&self.beneficiaries[..], &self.targets[..]) {
            ([_], [target]) if target.entity_type == EntityType::ProfileTemplate => Some(target),
            _ => None,
        }
    }
}

impl Workflow {
    pub(super) async fn resolve(&self, caller: &Caller, order: &AccessOrder) -> Result<Resolved, ServiceError> {
        let beneficiaries = self.beneficiaries(caller, &order.beneficiaries).await?;
        if order.items.is_empty() {
            return Err(ServiceError::invalid("targets", "must name at least one thing"));
        }
        let mut targets = Vec::with_capacity(order.items.len());
        let mut seen = BTreeSet::new();
        for (at, item) in order.items.iter().enumerate() {
            if !seen.insert((item.entity_type, item.entity_key.clone(), item.account.clone())) {
                return Err(ServiceError::invalid(format!("targets[{at}]"), "names the same thing twice"));
            }
            targets.push(self.target(caller, at, item, order.intent).await?);
        }
        if order.intent == Intent::Take && operation(order.intent, &targets) == AccessOperation::Heterogeneous {
            return Err(ServiceError::invalid("targets", "one request takes away things of one type"));
        }
        let pairs = beneficiaries.len() * targets.len();
        if pairs > self.settings.max_children {
            let reason = format!("would make {pairs} child requests; {} is the most", self.settings.max_children);
            return Err(ServiceError::invalid("targets", reason));
        }
        self.may_ask(caller, &beneficiaries, &targets).await?;
        self.check_holdings(order.intent, &beneficiaries, &targets).await?;
        let resolved = Resolved { beneficiaries, targets };
        // A certificate request by itself has its answers checked as one.
        if resolved.single_template().is_none() {
            self.check_forms(&resolved.targets).await?;
        }
        Ok(resolved)
    }

    async fn beneficiaries(&self, caller: &Caller, keys: &[UserKey]) -> Result<Vec<User>, ServiceError> {
        let own = [UserKey::Id(caller.user)];
        let keys = if keys.is_empty() { &own[..] } else { keys };
        let mut users: Vec<User> = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            let found = match key {
                UserKey::Id(id) => self.repository.user(*id).await?,
                UserKey::Number(number) => self.repository.users_by_number(&[*number]).await?.into_iter().next(),
            };
            let place = format!("beneficiaries[{at}]");
            match found {
                None => return Err(ServiceError::invalid(place, "there is no such user")),
                Some(user) if user.status != UserStatus::Active => {
                    return Err(ServiceError::invalid(place, "the user is disabled"));
                }
                Some(user) if users.iter().any(|other| other.id == user.id) => {
                    return Err(ServiceError::invalid(place, "names the same user twice"));
                }
                Some(user) => users.push(user),
            }
        }
        Ok(users)
    }

    async fn target(&self, caller: &Caller, at: usize, item: &Item, intent: Intent) -> Result<Target, ServiceError> {
        let place = |member: &str| format!("targets[{at}]{member}");
        if item.start.zip(item.end).is_some_and(|(start, end)| end < start) {
            return Err(ServiceError::invalid(place(".end"), "is before start"));
        }
        let entity_name = match item.entity_type {
            EntityType::ProfileTemplate => self.template_name(caller, at, item, intent).await?,
            _ => {
                let found = self.repository.catalog_item(item.entity_type, &item.entity_key).await?;
                let found = found.ok_or_else(|| {
                    let reason = format!("there is no {} {}", item.entity_type.name(), item.entity_key);
                    ServiceError::invalid(place(""), reason)
                })?;
                if !found.requestable && intent == Intent::Give {
                    return Err(ServiceError::invalid(place(""), "cannot be asked for at present"));
                }
                found.name
            }
        };
        Ok(Target {
            entity_type: item.entity_type,
            entity_key: item.entity_key.clone(),
            entity_name,
            parent_account: item.account.clone(),
            start: item.start,
            end: item.end,
            form: item.form.clone(),
        })
    }

    async fn template_name(
        &self,
        caller: &Caller,
        at: usize,
        item: &Item,
        intent: Intent,
    ) -> Result<String, ServiceError> {
        let place = format!("targets[{at}]");
        if intent == Intent::Take {
            return Err(ServiceError::invalid(place, "certificates are taken away by a request on their profile"));
        }
        if item.start.is_some() || item.end.is_some() {
            return Err(ServiceError::invalid(
                place,
                "a profile template takes no dates: its certificates have their own",
            ));
        }
        let id = parse_guid(item.entity_key.as_str()).map(TemplateId::from);
        let templates = match id {
            Some(id) => self.repository.templates(&[id], Some(caller.directory)).await?,
            None => Vec::new(),
        };
        let found = templates.into_iter().next().filter(|template| template.readers.includes(caller));
        let Some(template) = found else { return Err(ServiceError::invalid(place, "there is no such template")) };
        if template.enabled_policy(PolicyKind::Enroll).is_none() {
            return Err(ServiceError::invalid(place, "the template does not offer Enroll"));
        }
        Ok(template.name)
    }

    /// Whether what a draft asks for may still be asked for.
    pub(super) async fn recheck_access(&self, caller: &Caller, access: &AccessRequest) -> Result<(), ServiceError> {
        let keys: Vec<UserKey> = access.beneficiaries.iter().map(|user| UserKey::Id(*user)).collect();
        let takes = matches!(
            access.operation,
            AccessOperation::RemoveRoles | AccessOperation::RevokeEntitlement | AccessOperation::RevokeAccount
        );
        let items = access.targets.iter().map(|target| Item {
            entity_type: target.entity_type,
            entity_key: target.entity_key.clone(),
            account: target.parent_account.clone(),
            start: target.start,
            end: target.end,
            form: target.form.clone(),
        });
        let order = AccessOrder {
            intent: if takes { Intent::Take } else { Intent::Give },
            beneficiaries: keys,
            items: items.collect(),
            justification: None,
            draft: false,
        };
        self.resolve(caller, &order).await.map(|_| ())
    }

    /// Decision 4: everybody for themselves; for others, a rule of the directory.
    async fn may_ask(&self, caller: &Caller, users: &[User], targets: &[Target]) -> Result<(), ServiceError> {
        let others: Vec<&User> = users.iter().filter(|user| user.id != caller.user).collect();
        if others.is_empty() {
            return Ok(());
        }
        let rules = self.repository.request_rules().await?;
        for user in others {
            for target in targets {
                if !self.rule_allows(caller, user, target.entity_type, &rules).await? {
                    let what = target.entity_type.name();
                    let reason = format!("you may not request anything of type {what} for {}", user.login);
                    return Err(ServiceError::forbidden(reason));
                }
            }
        }
        Ok(())
    }

    /// Whether a rule lets the caller ask for things of that type for `user`.
    pub(super) async fn rule_allows(
        &self,
        caller: &Caller,
        user: &User,
        entity_type: EntityType,
        rules: &[RequestRule],
    ) -> Result<bool, RepositoryError> {
        for rule in rules.iter().filter(|rule| rule.enabled && rule.requesters.includes(caller)) {
            if !rule.entity_types.is_empty() && !rule.entity_types.contains(&entity_type) {
                continue;
            }
            let covers = match &rule.beneficiaries {
                Beneficiaries::Everyone => true,
                Beneficiaries::Reports => user.manager == Some(caller.user),
                Beneficiaries::Principals(list) => self.repository.belongs(user.id, list).await?,
            };
            if covers {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a request of these targets is called (`spec/oig-requests.md` C.2).
pub(super) fn operation(intent: Intent, targets: &[Target]) -> AccessOperation {
    let mut types: Vec<EntityType> = targets.iter().map(|target| target.entity_type).collect();
    types.sort_unstable();
    types.dedup();
    match (intent, &types[..]) {
        (Intent::Give, [EntityType::Role]) => AccessOperation::AssignRoles,
        (Intent::Give, [EntityType::ApplicationInstance]) => AccessOperation::ProvisionApplicationInstance,
        (Intent::Give, [EntityType::Entitlement]) => AccessOperation::ProvisionEntitlement,
        (Intent::Take, [EntityType::Role]) => AccessOperation::RemoveRoles,
        (Intent::Take, [EntityType::ApplicationInstance]) => AccessOperation::RevokeAccount,
        (Intent::Take, [EntityType::Entitlement]) => AccessOperation::RevokeEntitlement,
        _ => AccessOperation::Heterogeneous,
    }
}
