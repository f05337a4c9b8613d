//! What an order says of things that people have: what is taken away, and the account in which an
//! entitlement lies.

use serde::Serialize;

use super::Workflow;
use super::guard::Guard;
use super::order::{AccessOrder, Intent, Item, UserKey, Via};
use crate::catalog::EntityType;
use crate::directory::{Caller, User};
use crate::error::RepositoryError;
use crate::grant::{Grant, GrantStatus};
use crate::ids::GrantNumber;
use crate::request::{Request, Target};
use crate::service::ServiceError;

/// What a call is, for telling whether it was sent before.
#[derive(Serialize)]
struct Call {
    revoke: GrantNumber,
}

impl Workflow {
    /// Asks that an account be taken away from whoever has it. An account of which the caller may
    /// not know is not there.
    pub async fn revoke_account(
        &self,
        caller: &Caller,
        account: GrantNumber,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, &Call { revoke: account })?;
        guard.once(&*self.repository, self.revoke_account_once(caller, account, via, &guard)).await
    }

    async fn revoke_account_once(
        &self,
        caller: &Caller,
        account: GrantNumber,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        let grant = self.repository.grant_by_number(account).await?;
        let held =
            |grant: &Grant| grant.entity_type == EntityType::ApplicationInstance && grant.status != GrantStatus::Ended;
        let grant = grant.filter(held).ok_or(ServiceError::NotFound)?;
        if !self.may_know(caller, &grant).await? {
            return Err(ServiceError::NotFound);
        }
        self.place_once(caller, &order_to_revoke(&grant), via, guard).await
    }

    /// Whether the caller may know what somebody has: their own, their reports', whatever they may
    /// ask for, and administrators everything.
    async fn may_know(&self, caller: &Caller, grant: &Grant) -> Result<bool, RepositoryError> {
        if grant.user == caller.user {
            return Ok(true);
        }
        let administrators = self.repository.administrators(None).await?;
        if administrators.is_some_and(|group| caller.is_among(&[group.into()])) {
            return Ok(true);
        }
        let Some(user) = self.repository.user(grant.user).await? else { return Ok(false) };
        let rules = self.repository.request_rules().await?;
        Ok(user.manager == Some(caller.user) || self.rule_allows(caller, &user, grant.entity_type, &rules).await?)
    }

    /// Refuses to take away what somebody has not, and entitlements in accounts that are not theirs.
    pub(super) async fn check_holdings(
        &self,
        intent: Intent,
        users: &[User],
        targets: &[Target],
    ) -> Result<(), ServiceError> {
        for (at, target) in targets.iter().enumerate() {
            if let Some(account) = &target.parent_account {
                let fault = self.account_fault(intent, users, target, account).await?;
                fault.map_or(Ok(()), |why| Err(ServiceError::invalid(format!("targets[{at}].account"), why)))?;
            }
            if intent == Intent::Give {
                continue;
            }
            for user in users {
                let held =
                    self.repository.grants_of(user.id, Some(target.entity_type), Some(&target.entity_key)).await?;
                if !held.iter().any(|grant| grant.status != GrantStatus::Ended && lies_in(grant, target)) {
                    let reason = format!("{} does not have it", user.login);
                    return Err(ServiceError::invalid(format!("targets[{at}]"), reason));
                }
            }
        }
        Ok(())
    }

    async fn account_fault(
        &self,
        intent: Intent,
        users: &[User],
        target: &Target,
        account: &str,
    ) -> Result<Option<&'static str>, RepositoryError> {
        match (target.entity_type, intent) {
            (EntityType::Entitlement, _) => {}
            (EntityType::ApplicationInstance, Intent::Take) => {}
            _ => return Ok(Some("only an entitlement lies in an account")),
        }
        let none = Ok(Some("is not the id of an account that the user has"));
        let Ok(number) = account.parse::<GrantNumber>() else { return none };
        let Some(grant) = self.repository.grant_by_number(number).await? else { return none };
        let is_account = grant.entity_type == EntityType::ApplicationInstance && grant.status != GrantStatus::Ended;
        if !is_account || users.iter().any(|user| user.id != grant.user) {
            return none;
        }
        if target.entity_type == EntityType::ApplicationInstance {
            return Ok(None);
        }
        let item = self.repository.catalog_item(target.entity_type, &target.entity_key).await?;
        let fits = item.and_then(|item| item.application).is_none_or(|application| application == grant.entity_key);
        Ok(if fits { None } else { Some("is an account of another application than the entitlement's") })
    }
}

fn order_to_revoke(account: &Grant) -> AccessOrder {
    AccessOrder {
        intent: Intent::Take,
        beneficiaries: vec![UserKey::Id(account.user)],
        items: vec![Item {
            entity_type: account.entity_type,
            entity_key: account.entity_key.clone(),
            account: Some(account.number.to_string()),
            start: None,
            end: None,
            form: Vec::new(),
        }],
        justification: None,
        draft: false,
    }
}

/// Whether a grant is the one that a target means: of an entitlement, in the account that it names.
pub(super) fn lies_in(grant: &Grant, target: &Target) -> bool {
    let named: Option<GrantNumber> = target.parent_account.as_deref().and_then(|account| account.parse().ok());
    match (target.entity_type, named) {
        (EntityType::Entitlement, Some(account)) => grant.account == Some(account),
        (EntityType::ApplicationInstance, Some(account)) => grant.number == account,
        _ => true,
    }
}
