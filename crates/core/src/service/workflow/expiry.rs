//! What becomes of a grant whose end has come.

use super::Workflow;
use super::batch::Batch;
use crate::catalog::{EntityType, FulfilmentMethod};
use crate::error::RepositoryError;
use crate::event::Channel;
use crate::grant::{Grant, GrantStatus};
use crate::ids::{GrantId, UserId};
use crate::lifecycle::Actor;
use crate::repository::{AggregateChange, CommitOutcome, NumberSpace};
use crate::request::{AccessOperation, AccessRequest, RequestDetails, Target};
use crate::service::ServiceError;
use crate::service::tools::request_number;

impl Workflow {
    /// Takes a grant away whose end has come, with what lies in it: at once, or, where a person or a
    /// program carries out what is approved, by a request that tells them to.
    pub(super) async fn end_grant(&self, id: GrantId) -> Result<(), ServiceError> {
        let Some(mut grant) = self.repository.grant(id).await? else { return Ok(()) };
        let mut batch = self.batch(None, Channel::Worker);
        let over = matches!(grant.status, GrantStatus::Ending | GrantStatus::Ended);
        if over || grant.end.is_none_or(|end| end > batch.now) {
            return Ok(());
        }
        let item = self.repository.catalog_item(grant.entity_type, &grant.entity_key).await?;
        let method = self.fulfilment_of(item.as_ref());
        let removal = (method != FulfilmentMethod::Immediate).then(|| removal_of(grant.entity_type)).flatten();
        let expected = Some(grant.revision);
        grant.status = match removal {
            Some(operation) => {
                let name = item.map_or_else(|| grant.entity_key.to_string(), |item| item.name);
                self.ask_to_remove(&mut batch, &grant, operation, name).await?;
                GrantStatus::Ending
            }
            None => {
                self.end_inside(&mut batch, &grant).await?;
                GrantStatus::Ended
            }
        };
        grant.revision = grant.revision.next();
        let events = vec![batch.state_event(false, &grant)];
        batch.change.grants.push(AggregateChange { expected, state: grant, events });
        let touched = batch.requests();
        if self.repository.commit(batch.change).await? == CommitOutcome::Committed {
            Box::pin(self.follow(&touched)).await;
        }
        Ok(())
    }

    /// The end was approved with the grant: the request needs no other approval.
    async fn ask_to_remove(
        &self,
        batch: &mut Batch,
        grant: &Grant,
        operation: AccessOperation,
        entity_name: String,
    ) -> Result<(), ServiceError> {
        let number = self.numbers.take(&*self.repository, NumberSpace::Requests, 1, 0).await?;
        let account = match grant.entity_type {
            EntityType::ApplicationInstance => Some(grant.number),
            _ => grant.account,
        };
        let target = Target {
            entity_type: grant.entity_type,
            entity_key: grant.entity_key.clone(),
            entity_name,
            parent_account: account.map(|number| number.to_string()),
            start: None,
            end: None,
            form: Vec::new(),
        };
        let access = AccessRequest { operation, beneficiaries: vec![grant.user], targets: vec![target] };
        let originator = self.asked_for(grant).await?;
        let details = RequestDetails::Access(access);
        let mut request = self.blank(originator, request_number(number)?, details, Channel::Worker, batch.now);
        request.justification = Some("Its end date has come.".to_owned());
        self.create(batch, request, Actor::Worker).await?;
        Ok(())
    }

    /// Who asked for the grant; whoever has it, if no request gave it.
    async fn asked_for(&self, grant: &Grant) -> Result<UserId, RepositoryError> {
        let stored = match grant.request {
            Some(request) => self.repository.request(request).await?,
            None => None,
        };
        stored.map_or(Ok(grant.user), |stored| Ok(stored.document.request()?.originator))
    }
}

const fn removal_of(entity_type: EntityType) -> Option<AccessOperation> {
    match entity_type {
        EntityType::Role => Some(AccessOperation::RemoveRoles),
        EntityType::Entitlement => Some(AccessOperation::RevokeEntitlement),
        EntityType::ApplicationInstance => Some(AccessOperation::RevokeAccount),
        EntityType::ProfileTemplate => None,
    }
}
